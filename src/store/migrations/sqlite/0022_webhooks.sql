-- Receivers that are told what happens, each from a position of its own.
CREATE TABLE webhook (
    id            TEXT    PRIMARY KEY,
    url           TEXT    NOT NULL,
    query         TEXT,             -- which reports, in normal form; null: all
    secret        TEXT    NOT NULL, -- whsec_…: what messages are signed with
    former_secret TEXT,             -- the one before, until former_ms
    former_ms     INTEGER,
    position      INTEGER NOT NULL, -- event.seq: up to there it was told
    created_ms    INTEGER NOT NULL,
    attempts      INTEGER NOT NULL, -- in vain, for the next event
    first_ms      INTEGER,          -- the first of them
    next_ms       INTEGER,          -- the next attempt is not made before
    why           TEXT,             -- the last one failed
    disabled_ms   INTEGER           -- the receiver said that it is gone
) STRICT;

-- Events that a receiver was not told: every attempt failed.
CREATE TABLE webhook_failed (
    webhook   TEXT    NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    report    INTEGER NOT NULL, -- its public id
    n         INTEGER NOT NULL, -- the number of the event in the life of the report
    failed_ms INTEGER NOT NULL,
    attempts  INTEGER NOT NULL,
    why       TEXT    NOT NULL,
    PRIMARY KEY (webhook, report, n)
) STRICT;

-- Of no use here: on PostgreSQL the process that sends locks it. It has no rows.
CREATE TABLE webhook_sender (
    id INTEGER PRIMARY KEY
) STRICT;
