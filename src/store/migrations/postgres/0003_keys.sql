-- Keys of apps and secret feed links: one mechanism. The key itself is never stored.
CREATE TABLE access_key (
    id         text   COLLATE "C" PRIMARY KEY,
    hash       bytea  NOT NULL UNIQUE,
    name       text   NOT NULL,
    scopes     text   NOT NULL,
    query      text,
    created_ms bigint NOT NULL,
    expires_ms bigint,
    revoked_ms bigint
);
COMMENT ON TABLE access_key IS 'Keys of apps and secret feed links: SHA-256 of the key, never the key';
