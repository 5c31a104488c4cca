-- How a feature came by its wards, so that new boundaries can be applied to it.
ALTER TABLE feature ADD COLUMN membership smallint NOT NULL DEFAULT 0;
COMMENT ON COLUMN feature.membership IS '0 its shape meets them, 1 its source names them, 2 they moreover lend it their shape';
