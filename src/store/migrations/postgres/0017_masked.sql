ALTER TABLE report_public ADD COLUMN masked smallint;
COMMENT ON COLUMN report_public.masked IS 'By which rules what is personal in title, description, address and source is masked. Null: written by a release that did not mask';
ALTER TABLE event ADD COLUMN masked smallint;
COMMENT ON COLUMN event.masked IS 'The same for reason and note';
CREATE INDEX report_public_unmasked ON report_public (seq) WHERE masked IS NULL;
CREATE INDEX event_unmasked ON event (seq) WHERE masked IS NULL AND (reason IS NOT NULL OR note IS NOT NULL);

ALTER TABLE report_private ADD COLUMN title text COLLATE "C";
COMMENT ON COLUMN report_private.title IS 'As it was written, where something in it is masked for everybody';
ALTER TABLE report_private ADD COLUMN description text COLLATE "C";
COMMENT ON COLUMN report_private.description IS 'As it was written, where something in it is masked for everybody';
ALTER TABLE event ADD COLUMN written_reason text COLLATE "C";
COMMENT ON COLUMN event.written_reason IS 'As it was written, where something in it is masked: only offices read it';
ALTER TABLE event ADD COLUMN written_note text COLLATE "C";
COMMENT ON COLUMN event.written_note IS 'As it was written, where something in it is masked: only offices read it';
