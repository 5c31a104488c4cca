-- How precisely the public may see a report, as decided when it came: 0 exact, 1 grid_20m, 2 grid_150m, 3 ward,
-- 4 hidden. All but exact show times by the hour. Null: written by a release that did not say so.
ALTER TABLE report_public ADD COLUMN precision INTEGER;
CREATE INDEX report_public_precision ON report_public (category, precision);

-- Events that are not public yet: those of reports whose times are shown by the hour, until that hour is over. A
-- report that has not been public at all has withdrawn = 3 meanwhile.
CREATE TABLE waiting (
    event   INTEGER PRIMARY KEY, -- event.seq
    report  INTEGER NOT NULL,    -- report_public.seq
    id      INTEGER NOT NULL,    -- report_public.id: by it they become public
    hour_ms INTEGER NOT NULL,    -- the beginning of the hour
    live    INTEGER NOT NULL,    -- 1: news when it becomes public; 0: an import's past
    body    TEXT,                -- what a transfer makes of the report: the body that must answer
    rule    TEXT,                -- why
    lon     REAL,                -- the public point
    lat     REAL
) STRICT;
CREATE INDEX waiting_report ON waiting (report);
CREATE INDEX waiting_id ON waiting (id, event);

-- What was erased, so that it is erased again where an older backup brings it back. Nothing that was sent.
CREATE TABLE erased (
    id        INTEGER PRIMARY KEY, -- public id of the report
    key_hash  BLOB    NOT NULL,    -- as in idempotency, so that a repeat stays refused; empty without one
    at_ms     INTEGER NOT NULL
) STRICT;
