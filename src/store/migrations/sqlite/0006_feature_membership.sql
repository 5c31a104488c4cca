-- How a feature came by its wards, so that new boundaries can be applied to it: 0 its shape meets them,
-- 1 its source names them, 2 they moreover lend it their shape.
ALTER TABLE feature ADD COLUMN membership INTEGER NOT NULL DEFAULT 0;
-- Until now nobody noted it, and alerts alone could name wards. Taken for named they keep what they have;
-- the next import of their source says how it is.
UPDATE feature SET membership = 1 WHERE collection = 'alerts';
