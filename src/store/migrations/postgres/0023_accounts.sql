-- Accounts of officers and operators, beside their keys. Of one-time links and cookies only hashes are kept.
CREATE TABLE account (
    login       text COLLATE "C" PRIMARY KEY,
    name        text COLLATE "C" NOT NULL,
    scopes      text COLLATE "C" NOT NULL,
    wards       text COLLATE "C",
    bodies      text COLLATE "C",
    password    text COLLATE "C",
    created_ms  bigint NOT NULL,
    seen_ms     bigint,
    disabled_ms bigint
);
COMMENT ON TABLE account IS 'Accounts of officers and operators';
COMMENT ON COLUMN account.login IS 'By what name its holder logs in';
COMMENT ON COLUMN account.name IS 'For people';
COMMENT ON COLUMN account.scopes IS 'Separated by spaces, as those of a key';
COMMENT ON COLUMN account.wards IS 'Wards that it answers for, {generation}.{code}, with spaces between';
COMMENT ON COLUMN account.bodies IS 'Ids of bodies that it answers for, with spaces between';
COMMENT ON COLUMN account.password IS 'Argon2id with its parameters. Null: none is chosen';
COMMENT ON COLUMN account.created_ms IS 'When it was made, in milliseconds since 1970';
COMMENT ON COLUMN account.seen_ms IS 'When its holder was last seen, to some minutes';
COMMENT ON COLUMN account.disabled_ms IS 'Since when it is disabled';
CREATE TABLE account_link (
    login    text   COLLATE "C" PRIMARY KEY REFERENCES account (login),
    hash     bytea  NOT NULL UNIQUE,
    until_ms bigint NOT NULL
);
COMMENT ON TABLE account_link IS 'The one-time links that open, at most one of an account';
COMMENT ON COLUMN account_link.login IS 'Of account';
COMMENT ON COLUMN account_link.hash IS 'SHA-256 of its token';
COMMENT ON COLUMN account_link.until_ms IS 'Until when it opens, in milliseconds since 1970';
CREATE TABLE account_session (
    hash     bytea PRIMARY KEY,
    login    text COLLATE "C" NOT NULL REFERENCES account (login),
    begun_ms bigint NOT NULL,
    seen_ms  bigint NOT NULL
);
COMMENT ON TABLE account_session IS 'Open sessions of accounts';
COMMENT ON COLUMN account_session.hash IS 'SHA-256 of the cookie';
COMMENT ON COLUMN account_session.login IS 'Of account';
COMMENT ON COLUMN account_session.begun_ms IS 'When it began, in milliseconds since 1970';
COMMENT ON COLUMN account_session.seen_ms IS 'When something came last, to some minutes';
CREATE INDEX account_session_login ON account_session (login);
-- Numbered by the writer, so that the last number tells whether anything changed.
CREATE TABLE account_event (
    seq   bigint   PRIMARY KEY,
    login text     COLLATE "C" NOT NULL,
    at_ms bigint   NOT NULL,
    kind  smallint NOT NULL
);
COMMENT ON TABLE account_event IS 'What happened to accounts';
COMMENT ON COLUMN account_event.seq IS 'Order in which it was recorded';
COMMENT ON COLUMN account_event.login IS 'Of account';
COMMENT ON COLUMN account_event.at_ms IS 'When, in milliseconds since 1970';
COMMENT ON COLUMN account_event.kind IS '0: invited, 1: welcomed, 2: logged in, 3: failed, 4: locked, 5: logged out, 6: all ended, 7: password changed, 8: disabled, 9: enabled, 10: reset';
CREATE TABLE login_try (
    hash     bytea  PRIMARY KEY,
    failures bigint NOT NULL,
    since_ms bigint NOT NULL,
    last_ms  bigint NOT NULL
);
COMMENT ON TABLE login_try IS 'Failed tries to log in, by login and by address';
COMMENT ON COLUMN login_try.hash IS 'A MAC of the login or of the address';
COMMENT ON COLUMN login_try.failures IS 'How many';
COMMENT ON COLUMN login_try.since_ms IS 'The first, in milliseconds since 1970';
COMMENT ON COLUMN login_try.last_ms IS 'The last';
CREATE INDEX login_try_last ON login_try (last_ms);
-- Accounts act and read as well.
COMMENT ON COLUMN event.actor IS 'The id of the key with which somebody acted, or account:LOGIN';
COMMENT ON COLUMN office_read.key_id IS 'Of access_key, or account:LOGIN';
