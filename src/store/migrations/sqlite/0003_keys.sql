-- Keys of apps and secret feed links: one mechanism. The key itself is never stored.
CREATE TABLE access_key (
    id         TEXT    PRIMARY KEY,     -- public part
    hash       BLOB    NOT NULL UNIQUE, -- SHA-256 of the whole key
    name       TEXT    NOT NULL,        -- for people
    scopes     TEXT    NOT NULL,        -- separated by spaces
    query      TEXT,                    -- a secret feed link: its saved query in normal form
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    revoked_ms INTEGER
) STRICT;
