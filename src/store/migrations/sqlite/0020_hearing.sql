-- What an office and whoever sent a report write to each other: nobody else reads it.
ALTER TABLE event ADD COLUMN said TEXT;
-- Of a question or a wish to have it opened again: until when an answer is awaited, in milliseconds.
ALTER TABLE event ADD COLUMN until_ms INTEGER;
-- Of a rating: 0 unsatisfied, 1 satisfied; and the codes of its reasons, with blanks between.
ALTER TABLE event ADD COLUMN rating INTEGER;
ALTER TABLE event ADD COLUMN rating_reasons TEXT;

-- What somebody is awaited to say, at most one thing of a report.
CREATE TABLE awaited (
    report      INTEGER PRIMARY KEY REFERENCES report_public (seq) ON DELETE CASCADE,
    wait        INTEGER NOT NULL, -- 0: whoever sent it, an answer; 1: its office, whether it is opened again
    n           INTEGER NOT NULL, -- of the event that asks for it
    asked_ms    INTEGER NOT NULL,
    until_ms    INTEGER NOT NULL,
    from_due_ms INTEGER,          -- of a question: when the answer of the office was due before, where its clock rests
    due_ms      INTEGER,          -- and when it is due if the rest lasts to its end
    silent      INTEGER NOT NULL  -- 1: it is on record that it did not come in time
) STRICT;
CREATE INDEX awaited_until ON awaited (until_ms) WHERE silent = 0;
