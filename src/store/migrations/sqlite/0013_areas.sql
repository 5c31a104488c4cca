-- The edition of boundaries under which the wards of a feature were found. Readers of another edition find them
-- themselves; so they do where it is not known.
ALTER TABLE feature ADD COLUMN edition INTEGER;
-- The wards that its source named, {generation}.{code}, with commas between; empty where its shape decides. Those of
-- rows written before are the wards on record.
ALTER TABLE feature ADD COLUMN named TEXT;
-- When an edition was announced. Whoever did it may be gone before it is in force: after a while it counts no more.
ALTER TABLE area_edition ADD COLUMN announced_ms INTEGER;

-- Reports that no ward answers for are few, and looked for after each turn.
CREATE INDEX report_public_homeless ON report_public (seq) WHERE rule = 'homeless';
CREATE INDEX placed_homeless ON placed (edition, report) WHERE rule = 'homeless';
