-- Receivers that are told what happens, each from a position of its own.
CREATE TABLE webhook (
    id            text   COLLATE "C" PRIMARY KEY,
    url           text   COLLATE "C" NOT NULL,
    query         text   COLLATE "C",
    secret        text   COLLATE "C" NOT NULL,
    former_secret text   COLLATE "C",
    former_ms     bigint,
    position      bigint NOT NULL,
    created_ms    bigint NOT NULL,
    attempts      bigint NOT NULL,
    first_ms      bigint,
    next_ms       bigint,
    why           text   COLLATE "C",
    disabled_ms   bigint
);
COMMENT ON TABLE webhook IS 'Receivers that are told what happens, each from a position of its own';
COMMENT ON COLUMN webhook.query IS 'Which reports, in normal form. Null: all';
COMMENT ON COLUMN webhook.secret IS 'What messages are signed with, whsec_…';
COMMENT ON COLUMN webhook.former_secret IS 'The secret before, which signs too until former_ms';
COMMENT ON COLUMN webhook.former_ms IS 'Until when the former secret signs, in milliseconds since 1970';
COMMENT ON COLUMN webhook.position IS 'event.seq: up to there it was told';
COMMENT ON COLUMN webhook.created_ms IS 'When it was made, in milliseconds since 1970';
COMMENT ON COLUMN webhook.attempts IS 'How many were in vain, for the next event';
COMMENT ON COLUMN webhook.first_ms IS 'The first of them';
COMMENT ON COLUMN webhook.next_ms IS 'The next attempt is not made before';
COMMENT ON COLUMN webhook.why IS 'Why the last one failed';
COMMENT ON COLUMN webhook.disabled_ms IS 'When the receiver said that it is gone';

CREATE TABLE webhook_failed (
    webhook   text   COLLATE "C" NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    report    bigint NOT NULL,
    n         bigint NOT NULL,
    failed_ms bigint NOT NULL,
    attempts  bigint NOT NULL,
    why       text   COLLATE "C" NOT NULL,
    PRIMARY KEY (webhook, report, n)
);
COMMENT ON TABLE webhook_failed IS 'Events that a receiver was not told: every attempt failed';
COMMENT ON COLUMN webhook_failed.report IS 'The public id of the report';
COMMENT ON COLUMN webhook_failed.n IS 'The number of the event in the life of the report';
COMMENT ON COLUMN webhook_failed.failed_ms IS 'When it was given up, in milliseconds since 1970';
COMMENT ON COLUMN webhook_failed.attempts IS 'How many there were';
COMMENT ON COLUMN webhook_failed.why IS 'Why the last one failed';

CREATE TABLE webhook_sender (
    id bigint PRIMARY KEY
);
COMMENT ON TABLE webhook_sender IS 'The process that sends to webhooks locks it, as long as it does. It has no rows';
