-- Which key read what only offices may read of a report: a row for each day (UTC) on which it did.
CREATE TABLE office_read (
    key_id   TEXT    NOT NULL, -- of access_key
    report   INTEGER NOT NULL, -- public id
    what     INTEGER NOT NULL, -- 0: its texts as they were written, 1: its life
    day      INTEGER NOT NULL, -- days since 1970
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL,
    times    INTEGER NOT NULL,
    PRIMARY KEY (key_id, report, what, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX office_read_last ON office_read (last_ms);
