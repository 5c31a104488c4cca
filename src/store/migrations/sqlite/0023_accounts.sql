-- Accounts of officers and operators, beside their keys. Of one-time links and cookies only hashes are kept.
CREATE TABLE account (
    login       TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL, -- for people
    scopes      TEXT    NOT NULL, -- separated by spaces, as those of a key
    wards       TEXT,             -- {generation}.{code}, with spaces between
    bodies      TEXT,             -- ids, with spaces between
    password    TEXT,             -- argon2id, with its parameters; none until it is chosen
    created_ms  INTEGER NOT NULL,
    seen_ms     INTEGER,
    disabled_ms INTEGER
) STRICT;
-- The one-time links that open: at most one of an account.
CREATE TABLE account_link (
    login    TEXT    PRIMARY KEY REFERENCES account (login),
    hash     BLOB    NOT NULL UNIQUE, -- SHA-256 of its token
    until_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE account_session (
    hash     BLOB    PRIMARY KEY, -- SHA-256 of the cookie
    login    TEXT    NOT NULL REFERENCES account (login),
    begun_ms INTEGER NOT NULL,
    seen_ms  INTEGER NOT NULL     -- to some minutes
) STRICT;
CREATE INDEX account_session_login ON account_session (login);
-- What happened to accounts. Numbered by the writer, so that the last number tells whether anything changed.
CREATE TABLE account_event (
    seq   INTEGER PRIMARY KEY,
    login TEXT    NOT NULL,
    at_ms INTEGER NOT NULL,
    kind  INTEGER NOT NULL -- the discriminant of account::Happened
) STRICT;
-- Failed tries to log in, by login and by address; known by a MAC, and forgotten after a day.
CREATE TABLE login_try (
    hash     BLOB    PRIMARY KEY,
    failures INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX login_try_last ON login_try (last_ms);
