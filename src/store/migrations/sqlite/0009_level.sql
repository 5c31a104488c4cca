-- How much a report presses, as its category said: 0 low, 1 normal, 2 urgent. The release before writes no
-- level and means normal.
ALTER TABLE report_public ADD COLUMN level INTEGER NOT NULL DEFAULT 1;
