-- The report record, the change log and the areas. Migrations are never edited once released.

-- What everybody may see of a report. Public code names this table only.
CREATE TABLE report_public (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- internal order, never shown
    id          INTEGER NOT NULL UNIQUE,           -- public id, 1..2^52
    lon         REAL,                              -- public point, degrees CRS84, 7 decimals; null: placeless or hidden
    lat         REAL,
    category    TEXT    NOT NULL,                  -- code of the city pack
    state       INTEGER NOT NULL,                  -- discriminant of domain::State
    ward        TEXT,                              -- {generation}.{code}
    body        TEXT    NOT NULL,                  -- id of the body that must answer
    rule        TEXT    NOT NULL,                  -- the routing rule that chose it
    title       TEXT,
    description TEXT,
    address     TEXT,
    votes       INTEGER NOT NULL DEFAULT 0,
    source      TEXT    NOT NULL,
    border_m    REAL,                              -- metres to the ward border; null where the place is blurred
    offshore_m  REAL,                              -- metres out at sea
    observed_ms INTEGER,                           -- milliseconds since the epoch, all times
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL,
    due_ms      INTEGER
) STRICT;
-- Lists are newest first by seq, which every index ends with (it is the rowid).
CREATE INDEX report_public_ward ON report_public (ward);
CREATE INDEX report_public_category ON report_public (category);
CREATE INDEX report_public_created ON report_public (created_ms);
CREATE INDEX report_public_updated ON report_public (updated_ms);

-- Boxes of public points. They are float32, so they give candidates only: lon and lat are compared again.
CREATE VIRTUAL TABLE report_box USING rtree (seq, west, east, south, north);
CREATE TRIGGER report_box_insert AFTER INSERT ON report_public WHEN new.lon IS NOT NULL BEGIN
    INSERT INTO report_box VALUES (new.seq, new.lon, new.lon, new.lat, new.lat);
END;
CREATE TRIGGER report_box_move AFTER UPDATE OF lon, lat ON report_public
WHEN new.lon IS NOT old.lon OR new.lat IS NOT old.lat BEGIN
    DELETE FROM report_box WHERE seq = old.seq;
    INSERT INTO report_box SELECT new.seq, new.lon, new.lon, new.lat, new.lat WHERE new.lon IS NOT NULL;
END;
CREATE TRIGGER report_box_delete AFTER DELETE ON report_public BEGIN
    DELETE FROM report_box WHERE seq = old.seq;
END;

-- What only the responsible office may see.
CREATE TABLE report_private (
    seq        INTEGER PRIMARY KEY REFERENCES report_public (seq) ON DELETE CASCADE,
    lon        REAL,    -- the true place
    lat        REAL,
    accuracy_m REAL,    -- how far it may be off, as the phone said
    address    TEXT,    -- as written
    answers    TEXT,    -- JSON object: question code -> answer
    created_ms INTEGER NOT NULL
) STRICT;

-- A repeated POST with the same Idempotency-Key finds its report here, as long as the report lives.
CREATE TABLE idempotency (
    key_hash  BLOB    PRIMARY KEY, -- SHA-256 of the key
    body_hash BLOB    NOT NULL,    -- SHA-256 of the body in canonical form
    report_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The life of a report: one row for each thing that happened to it.
CREATE TABLE event (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    report     INTEGER NOT NULL REFERENCES report_public (seq) ON DELETE CASCADE,
    at_ms      INTEGER NOT NULL,
    role       TEXT    NOT NULL,
    from_state INTEGER,          -- null: the first event
    to_state   INTEGER NOT NULL,
    reason     TEXT,
    note       TEXT
) STRICT;
CREATE INDEX event_report ON event (report);

-- The change log: every process, the writer included, learns of a write by reading it.
CREATE TABLE change (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       INTEGER NOT NULL, -- 0: the reports first..last were written; 1: the areas changed
    first      INTEGER NOT NULL, -- report_public.seq, inclusive; 0 for areas
    last       INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL
) STRICT;

-- Ward generations that were imported; the city pack's own stay in its files.
CREATE TABLE area_generation (
    id           TEXT    PRIMARY KEY, -- the date from which it is valid, 2025-07-01
    source       TEXT    NOT NULL,    -- file name or URL, for people
    imported_ms  INTEGER NOT NULL,
    boundaries   BLOB    NOT NULL     -- gzipped GeoJSON FeatureCollection as the checks passed it
) STRICT;
