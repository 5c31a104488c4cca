-- Who follows the change log, and from where each would go on: the log is kept for the slowest.
CREATE TABLE follower (
    id bigint PRIMARY KEY,
    position bigint NOT NULL,
    seen_ms bigint NOT NULL
);
COMMENT ON TABLE follower IS 'Processes that follow the change log, forgotten when not seen for a day';
COMMENT ON COLUMN follower.id IS 'Drawn when a process starts';
COMMENT ON COLUMN follower.position IS 'Position of the log from which it would go on after a restart';
COMMENT ON COLUMN follower.seen_ms IS 'When it last said so, milliseconds since 1970';
