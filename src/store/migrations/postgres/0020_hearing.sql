-- What an office and whoever sent a report write to each other: nobody else reads it.
ALTER TABLE event ADD COLUMN said text;
COMMENT ON COLUMN event.said IS 'A question, its answer, words beside a rating: for the office and whoever sent the report';
ALTER TABLE event ADD COLUMN until_ms bigint;
COMMENT ON COLUMN event.until_ms IS 'Of a question or a wish to have it opened again: until when an answer is awaited';
ALTER TABLE event ADD COLUMN rating smallint;
COMMENT ON COLUMN event.rating IS 'Of a rating: 0 unsatisfied, 1 satisfied';
ALTER TABLE event ADD COLUMN rating_reasons text;
COMMENT ON COLUMN event.rating_reasons IS 'Codes of why, with blanks between';

CREATE TABLE awaited (
    report      bigint PRIMARY KEY REFERENCES report_public (seq) ON DELETE CASCADE,
    wait        smallint NOT NULL,
    n           bigint NOT NULL,
    asked_ms    bigint NOT NULL,
    until_ms    bigint NOT NULL,
    from_due_ms bigint,
    due_ms      bigint,
    silent      smallint NOT NULL
);
COMMENT ON TABLE awaited IS 'What somebody is awaited to say, at most one thing of a report';
COMMENT ON COLUMN awaited.wait IS '0: an answer of whoever sent it. 1: a decision of its office';
COMMENT ON COLUMN awaited.n IS 'Number of the event that asks for it, in the life of the report';
COMMENT ON COLUMN awaited.asked_ms IS 'When, in milliseconds since 1970';
COMMENT ON COLUMN awaited.until_ms IS 'Until when it is awaited';
COMMENT ON COLUMN awaited.from_due_ms IS 'Of a question: when the answer of the office was due before. Null: its clock does not rest';
COMMENT ON COLUMN awaited.due_ms IS 'When it is due if the rest lasts to its end';
COMMENT ON COLUMN awaited.silent IS '1: it is on record that it did not come in time';
CREATE INDEX awaited_until ON awaited (until_ms) WHERE silent = 0;

-- Analysts read the new words.
CREATE OR REPLACE VIEW report_events WITH (security_barrier) AS
SELECT r.id AS report, e.n,
       (ARRAY['state', 'note', 'transfer', 'hidden', 'shown', 'erased', 'areas', 'level', 'extended', 'question', 'reply', 'silence', 'rating', 'kept_closed'])[e.kind + 1] AS kind,
       to_timestamp(e.shown_ms / 1000.0) AS at, e.role,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate', 'answered', 'redirected'])[e.from_state + 1] AS from_state,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate', 'answered', 'redirected'])[e.to_state + 1] AS to_state,
       e.reason, e.note, split_part(e.ward, '.', 2) AS ward, e.redirect_to, e.body, e.from_body,
       (ARRAY['low', 'normal', 'urgent'])[e.level + 1] AS level,
       (ARRAY['low', 'normal', 'urgent'])[e.from_level + 1] AS from_level,
       to_timestamp(e.due_ms / 1000.0) AS due_at, to_timestamp(e.from_due_ms / 1000.0) AS from_due_at,
       (ARRAY['unsatisfied', 'satisfied'])[e.rating + 1] AS rating, string_to_array(e.rating_reasons, ' ') AS rating_reasons
FROM event e JOIN report_public r ON r.seq = e.report WHERE r.withdrawn = 0 AND e.shown_ms IS NOT NULL;
