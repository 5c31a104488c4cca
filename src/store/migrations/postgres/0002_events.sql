-- What feeds need: where and when each event was public, and where a report stands in the order of news.
ALTER TABLE event ADD COLUMN n bigint NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN kind smallint NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN ward text COLLATE "C";
ALTER TABLE event ADD COLUMN from_ward text COLLATE "C";
ALTER TABLE event ADD COLUMN shown_ms bigint;
COMMENT ON COLUMN event.n IS 'The number of the event in the life of its report, from 1';
COMMENT ON COLUMN event.shown_ms IS 'The public moment; null: in no feed';

ALTER TABLE report_public ADD COLUMN withdrawn smallint NOT NULL DEFAULT 0;
ALTER TABLE report_public ADD COLUMN fed bigint NOT NULL DEFAULT 0;
ALTER TABLE report_public ADD COLUMN fed_ms bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN report_public.withdrawn IS '0: public; 1: hidden by a moderator; 2: erased, only the tombstone is left';
COMMENT ON COLUMN report_public.fed IS 'The last event in feeds (event.seq); fed_ms its public moment';

CREATE INDEX report_public_fed ON report_public (fed_ms, fed);
CREATE INDEX report_public_ward_fed ON report_public (ward, fed_ms, fed);
CREATE INDEX report_public_withdrawn ON report_public (fed_ms, fed) WHERE withdrawn <> 0;
CREATE INDEX event_ward ON event (ward, shown_ms, seq);
CREATE INDEX event_from_ward ON event (from_ward, shown_ms, seq) WHERE from_ward IS NOT NULL;
