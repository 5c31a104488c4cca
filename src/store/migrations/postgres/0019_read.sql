-- Which key read what only offices may read of a report: a row for each day (UTC) on which it did.
CREATE TABLE office_read (
    key_id   text     COLLATE "C" NOT NULL,
    report   bigint   NOT NULL,
    what     smallint NOT NULL,
    day      bigint   NOT NULL,
    first_ms bigint   NOT NULL,
    last_ms  bigint   NOT NULL,
    times    bigint   NOT NULL,
    PRIMARY KEY (key_id, report, what, day)
);
COMMENT ON TABLE office_read IS 'Which key read what only offices may read of a report, by day';
COMMENT ON COLUMN office_read.key_id IS 'Of access_key';
COMMENT ON COLUMN office_read.report IS 'Public id';
COMMENT ON COLUMN office_read.what IS '0: its texts as they were written, 1: its life';
COMMENT ON COLUMN office_read.day IS 'Days since 1970, UTC';
COMMENT ON COLUMN office_read.first_ms IS 'The first time on that day, in milliseconds since 1970';
COMMENT ON COLUMN office_read.last_ms IS 'The last time on that day';
COMMENT ON COLUMN office_read.times IS 'How often on that day';
CREATE INDEX office_read_last ON office_read (last_ms);
