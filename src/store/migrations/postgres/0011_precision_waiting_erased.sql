ALTER TABLE report_public ADD COLUMN precision smallint;
COMMENT ON COLUMN report_public.precision IS 'How precisely the public may see it, as decided when it came: 0 exact, 1 grid_20m, 2 grid_150m, 3 ward, 4 hidden, all but exact show times by the hour. Null: written by a release that did not say so';
COMMENT ON COLUMN report_public.withdrawn IS '0: public, 1: hidden by a moderator, 2: erased, only the tombstone is left, 3: not public yet, because its hour is not over';
CREATE INDEX report_public_precision ON report_public (category, precision);

CREATE TABLE waiting (
    event   bigint PRIMARY KEY,
    report  bigint   NOT NULL,
    id      bigint   NOT NULL,
    hour_ms bigint   NOT NULL,
    live    smallint NOT NULL,
    body    text COLLATE "C",
    rule    text COLLATE "C",
    lon     double precision,
    lat     double precision
);
COMMENT ON TABLE waiting IS 'Events that are not public yet: those of reports whose times are shown by the hour, until that hour is over';
COMMENT ON COLUMN waiting.event IS 'event.seq';
COMMENT ON COLUMN waiting.report IS 'report_public.seq';
COMMENT ON COLUMN waiting.id IS 'report_public.id: by it they become public';
COMMENT ON COLUMN waiting.hour_ms IS 'The beginning of the hour';
COMMENT ON COLUMN waiting.live IS '1: news when it becomes public, 0: the past of an import';
COMMENT ON COLUMN waiting.body IS 'What a transfer makes of the report: the body that must answer, with the rule and the public point';
CREATE INDEX waiting_report ON waiting (report);
CREATE INDEX waiting_id ON waiting (id, event);

CREATE TABLE erased (
    id        bigint PRIMARY KEY,
    key_hash  bytea  NOT NULL,
    at_ms     bigint NOT NULL
);
COMMENT ON TABLE erased IS 'What was erased, so that it is erased again where an older backup brings it back, nothing that was sent';
COMMENT ON COLUMN erased.id IS 'Public id of the report';
COMMENT ON COLUMN erased.key_hash IS 'As in idempotency: a repeat stays refused, empty without one';
