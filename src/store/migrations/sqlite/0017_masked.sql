-- What is personal in words is masked where everybody reads them. By which rules, so that rows of a release that did
-- not mask are found: null.
ALTER TABLE report_public ADD COLUMN masked INTEGER;
ALTER TABLE event ADD COLUMN masked INTEGER;
CREATE INDEX report_public_unmasked ON report_public (seq) WHERE masked IS NULL;
CREATE INDEX event_unmasked ON event (seq) WHERE masked IS NULL AND (reason IS NOT NULL OR note IS NOT NULL);

-- As it was written, for the office alone, where something is masked. The address as written is there already.
ALTER TABLE report_private ADD COLUMN title TEXT;
ALTER TABLE report_private ADD COLUMN description TEXT;
ALTER TABLE event ADD COLUMN written_reason TEXT;
ALTER TABLE event ADD COLUMN written_note TEXT;
