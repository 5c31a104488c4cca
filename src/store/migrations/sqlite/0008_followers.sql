-- Who follows the change log, and from where each would go on: the log is kept for the slowest.
CREATE TABLE follower (
    id INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL
);
