-- How often the answer of a report was put off.
ALTER TABLE report_public ADD COLUMN extensions INTEGER NOT NULL DEFAULT 0;
-- Of an event that puts it off: when it is due from then on, and when it was before, in milliseconds.
ALTER TABLE event ADD COLUMN due_ms INTEGER;
ALTER TABLE event ADD COLUMN from_due_ms INTEGER;
