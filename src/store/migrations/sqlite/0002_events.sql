-- What feeds need: where and when each event was public, and where a report stands in the order of news.

-- The number of an event in the life of its report, from 1: with the report's id its public name.
ALTER TABLE event ADD COLUMN n INTEGER NOT NULL DEFAULT 0;
-- Discriminant of domain::EventKind.
ALTER TABLE event ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
-- The ward it happened in, and for a transfer the ward it came from: {generation}.{code}
ALTER TABLE event ADD COLUMN ward TEXT;
ALTER TABLE event ADD COLUMN from_ward TEXT;
-- The public moment. Live events never stand before one that was recorded earlier; null: in no feed.
ALTER TABLE event ADD COLUMN shown_ms INTEGER;

-- 0: public; 1: hidden by a moderator; 2: erased, only the tombstone is left.
ALTER TABLE report_public ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
-- The last event in feeds (event.seq) and its shown_ms: the order of the report feeds.
ALTER TABLE report_public ADD COLUMN fed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE report_public ADD COLUMN fed_ms INTEGER NOT NULL DEFAULT 0;

-- What was recorded before: a report whose receipt is public by the hour has all its moments by the hour.
UPDATE event SET n = numbered.n, ward = numbered.ward, kind = CASE numbered.areas WHEN 1 THEN 6 ELSE 0 END,
    shown_ms = CASE WHEN numbered.areas THEN NULL ELSE at_ms - at_ms % numbered.grain END
FROM (SELECT e.seq, r.ward, e.note IS 'areas changed' AND e.role = 'system' AS areas,
             CASE WHEN r.created_ms % 3600000 = 0 THEN 3600000 ELSE 1 END AS grain,
             row_number() OVER (PARTITION BY e.report ORDER BY e.seq) AS n
      FROM event e JOIN report_public r ON r.seq = e.report) AS numbered
WHERE numbered.seq = event.seq;
UPDATE report_public SET fed = last.seq, fed_ms = last.shown_ms
FROM (SELECT report, max(seq) AS seq, shown_ms FROM event WHERE shown_ms IS NOT NULL GROUP BY report) AS last
WHERE last.report = report_public.seq;

CREATE INDEX report_public_fed ON report_public (fed_ms, fed);
CREATE INDEX report_public_ward_fed ON report_public (ward, fed_ms, fed);
CREATE INDEX report_public_withdrawn ON report_public (fed_ms, fed) WHERE withdrawn <> 0;
-- Each ends with the event's seq, which is the rowid.
CREATE INDEX event_ward ON event (ward, shown_ms);
CREATE INDEX event_from_ward ON event (from_ward, shown_ms) WHERE from_ward IS NOT NULL;
