-- Parts of a report that others do.
CREATE TABLE task (
    report     INTEGER NOT NULL REFERENCES report_public (seq) ON DELETE CASCADE,
    n          INTEGER NOT NULL, -- its number among the tasks of the report, from 1
    body       TEXT,             -- id of the body that has it
    contractor TEXT,             -- or the name of a contractor
    what       TEXT,             -- what is to be done; for those who work on it
    given_ms   INTEGER NOT NULL,
    due_ms     INTEGER NOT NULL,
    state      INTEGER NOT NULL, -- discriminant of domain::report::TaskState
    ended_ms   INTEGER,
    PRIMARY KEY (report, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_open ON task (body, due_ms) WHERE state = 0;

-- Of an event about a task: its number, and its state from then on.
ALTER TABLE event ADD COLUMN task INTEGER;
ALTER TABLE event ADD COLUMN task_state INTEGER;
