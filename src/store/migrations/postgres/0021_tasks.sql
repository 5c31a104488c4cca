-- Parts of a report that others do.
CREATE TABLE task (
    report     bigint   NOT NULL REFERENCES report_public (seq) ON DELETE CASCADE,
    n          bigint   NOT NULL,
    body       text     COLLATE "C",
    contractor text,
    what       text,
    given_ms   bigint   NOT NULL,
    due_ms     bigint   NOT NULL,
    state      smallint NOT NULL,
    ended_ms   bigint,
    PRIMARY KEY (report, n)
);
COMMENT ON TABLE task IS 'Parts of a report that others do';
COMMENT ON COLUMN task.n IS 'Number among the tasks of the report, from 1';
COMMENT ON COLUMN task.body IS 'Id of the body that has it';
COMMENT ON COLUMN task.contractor IS 'Or the name of a contractor';
COMMENT ON COLUMN task.what IS 'What is to be done, for those who work on it';
COMMENT ON COLUMN task.given_ms IS 'When, in milliseconds since 1970';
COMMENT ON COLUMN task.due_ms IS 'When it is to be done';
COMMENT ON COLUMN task.state IS 'Discriminant of domain::report::TaskState';
COMMENT ON COLUMN task.ended_ms IS 'When it ended. Null: it is open';
CREATE INDEX task_open ON task (body, due_ms) WHERE state = 0;

ALTER TABLE event ADD COLUMN task bigint;
COMMENT ON COLUMN event.task IS 'Of an event about a task: its number';
ALTER TABLE event ADD COLUMN task_state smallint;
COMMENT ON COLUMN event.task_state IS 'The same: its state from then on';

-- Analysts read the new words.
CREATE OR REPLACE VIEW report_events WITH (security_barrier) AS
SELECT r.id AS report, e.n,
       (ARRAY['state', 'note', 'transfer', 'hidden', 'shown', 'erased', 'areas', 'level', 'extended', 'question', 'reply', 'silence', 'rating', 'kept_closed', 'task'])[e.kind + 1] AS kind,
       to_timestamp(e.shown_ms / 1000.0) AS at, e.role,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate', 'answered', 'redirected'])[e.from_state + 1] AS from_state,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate', 'answered', 'redirected'])[e.to_state + 1] AS to_state,
       e.reason, e.note, split_part(e.ward, '.', 2) AS ward, e.redirect_to, e.body, e.from_body,
       (ARRAY['low', 'normal', 'urgent'])[e.level + 1] AS level,
       (ARRAY['low', 'normal', 'urgent'])[e.from_level + 1] AS from_level,
       to_timestamp(e.due_ms / 1000.0) AS due_at, to_timestamp(e.from_due_ms / 1000.0) AS from_due_at,
       (ARRAY['unsatisfied', 'satisfied'])[e.rating + 1] AS rating, string_to_array(e.rating_reasons, ' ') AS rating_reasons,
       e.task, (ARRAY['open', 'done', 'returned', 'withdrawn'])[e.task_state + 1] AS task_state
FROM event e JOIN report_public r ON r.seq = e.report WHERE r.withdrawn = 0 AND e.shown_ms IS NOT NULL;
