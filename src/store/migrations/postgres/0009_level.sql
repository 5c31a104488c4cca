-- How much a report presses, as its category said. The release before writes no level and means normal.
ALTER TABLE report_public ADD COLUMN level smallint NOT NULL DEFAULT 1;
COMMENT ON COLUMN report_public.level IS '0 low, 1 normal, 2 urgent, as its category said when it came';
