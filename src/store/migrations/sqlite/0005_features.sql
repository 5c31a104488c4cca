-- What the city shows beside its reports: traffic, facilities, alerts and other collections.
CREATE TABLE feature (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT, -- internal order, never shown
    id         INTEGER NOT NULL UNIQUE,           -- public id, 1..2^52, a hash of the three names below
    collection TEXT    NOT NULL,                  -- id of a collection of the city pack
    source     TEXT    NOT NULL,                  -- the import it came by
    source_id  TEXT    NOT NULL,                  -- what the source calls it
    revision   INTEGER NOT NULL,                  -- how often it changed, from 1
    hash       BLOB    NOT NULL,                  -- tells whether an import changes anything
    geometry   TEXT,                              -- GeoJSON geometry, degrees CRS84, 7 decimals
    properties TEXT    NOT NULL,                  -- JSON object by the names of the collection
    created_ms INTEGER NOT NULL,                  -- milliseconds since the epoch
    updated_ms INTEGER NOT NULL,
    UNIQUE (collection, source, source_id)
) STRICT;

-- A line crosses many wards, an alert covers many.
CREATE TABLE feature_ward (
    feature INTEGER NOT NULL REFERENCES feature (seq) ON DELETE CASCADE,
    ward    TEXT    NOT NULL, -- {generation}.{code}
    PRIMARY KEY (feature, ward)
) STRICT, WITHOUT ROWID;
CREATE INDEX feature_ward_ward ON feature_ward (ward);
