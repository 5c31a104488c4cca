ALTER TABLE feature ADD COLUMN edition bigint;
COMMENT ON COLUMN feature.edition IS 'The edition of boundaries under which its wards were found. Readers of another edition find them themselves, also where it is not known';
ALTER TABLE feature ADD COLUMN named text COLLATE "C";
COMMENT ON COLUMN feature.named IS 'The wards that its source named, with commas between, empty where its shape decides, and in rows written before, whose wards on record they are';
ALTER TABLE area_edition ADD COLUMN announced_ms bigint;
COMMENT ON COLUMN area_edition.announced_ms IS 'When it was announced. Whoever did it may be gone before it is in force: after a while it counts no more';

-- Reports that no ward answers for are few, and looked for after each turn.
CREATE INDEX report_public_homeless ON report_public (seq) WHERE rule = 'homeless';
CREATE INDEX placed_homeless ON placed (edition, report) WHERE rule = 'homeless';
