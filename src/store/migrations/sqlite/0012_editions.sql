-- Boundaries as they were imported, one row for each import: the same generation may come again, better drawn. They
-- take the place of area_generation, which the release before reads and writes.
CREATE TABLE area_edition (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- the edition
    generation  TEXT    NOT NULL, -- the day from which it is valid, 2025-07-01
    source      TEXT    NOT NULL, -- file name or URL, for people
    imported_ms INTEGER NOT NULL,
    boundaries  BLOB    NOT NULL, -- gzipped GeoJSON; empty: those of the city pack
    successors  TEXT,             -- JSON: which wards have the ground of which former ones
    state       INTEGER NOT NULL, -- 0 prepared, 1 announced: every process gets ready, 2 in force or former, 3 withdrawn
    from_ms     INTEGER,          -- the instant at which it is to come into force
    prepared_to INTEGER           -- change.seq up to which assignments are prepared
) STRICT;

-- Every time when other boundaries came into force. The last row says which are.
CREATE TABLE area_turn (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    edition INTEGER NOT NULL, -- area_edition.seq
    former  INTEGER,          -- the edition before
    at_ms   INTEGER NOT NULL,
    undo_ms INTEGER NOT NULL  -- until when it can be taken back
) STRICT;

-- Where a report belongs under other boundaries than those by which its row stands: under those that come, those
-- that are in force already and whose rows are not written yet, and the former ones, so that a turn can be undone.
-- Without a row here the report's own row says it.
CREATE TABLE placed (
    edition    INTEGER NOT NULL, -- area_edition.seq
    report     INTEGER NOT NULL, -- report_public.seq
    ward       TEXT,             -- as in report_public
    body       TEXT    NOT NULL,
    rule       TEXT    NOT NULL,
    lon        REAL,
    lat        REAL,
    border_m   REAL,
    offshore_m REAL,
    told       INTEGER NOT NULL, -- 1: it moves, so it has an event that feeds tell
    from_ward  TEXT,             -- the ward that it leaves in the feeds
    note       TEXT,             -- why, for people
    events     INTEGER,          -- how many events the report had; of former boundaries only
    PRIMARY KEY (edition, report)
) STRICT, WITHOUT ROWID;
CREATE INDEX placed_report ON placed (report);

-- The edition for which a process has its map ready.
ALTER TABLE follower ADD COLUMN ready INTEGER;

INSERT INTO area_edition (generation, source, imported_ms, boundaries, state)
SELECT id, source, imported_ms, boundaries, 2 FROM area_generation ORDER BY id;
