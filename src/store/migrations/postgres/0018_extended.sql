-- How often the answer of a report was put off, and what events say of it.
ALTER TABLE report_public ADD COLUMN extensions bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN report_public.extensions IS 'How often the answer was put off';
ALTER TABLE event ADD COLUMN due_ms bigint;
COMMENT ON COLUMN event.due_ms IS 'When the answer is due from then on, in milliseconds. Null: the event does not change it';
ALTER TABLE event ADD COLUMN from_due_ms bigint;
COMMENT ON COLUMN event.from_due_ms IS 'When the answer was due before, in milliseconds';

-- Analysts read the new words.
CREATE OR REPLACE VIEW reports WITH (security_barrier) AS
SELECT r.id, r.category,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate', 'answered', 'redirected'])[r.state + 1] AS state,
       CASE WHEN r.state < 4 THEN 'open' ELSE 'closed' END AS status,
       split_part(CASE WHEN o.report IS NULL THEN r.ward ELSE o.ward END, '.', 2) AS ward,
       split_part(CASE WHEN o.report IS NULL THEN r.ward ELSE o.ward END, '.', 1) AS ward_generation,
       CASE WHEN o.report IS NULL THEN r.body ELSE o.body END AS body,
       r.title, r.description, r.address, r.votes, r.source,
       CASE WHEN o.report IS NULL THEN r.border_m ELSE o.border_m END AS border_m,
       CASE WHEN o.report IS NULL THEN r.offshore_m ELSE o.offshore_m END AS offshore_m,
       to_timestamp(r.observed_ms / 1000.0) AS observed_at, to_timestamp(r.created_ms / 1000.0) AS created_at,
       to_timestamp(r.updated_ms / 1000.0) AS updated_at, to_timestamp(r.due_ms / 1000.0) AS due_at,
       (CASE WHEN o.report IS NULL THEN r.geom ELSE ST_SetSRID(ST_MakePoint(o.lon, o.lat), 4326) END)::geometry(Point, 4326) AS geom,
       (ARRAY['low', 'normal', 'urgent'])[r.level + 1] AS level, r.redirect_to, r.extensions
FROM report_public r
LEFT JOIN placed o ON o.report = r.seq AND o.edition = (SELECT edition FROM area_turn ORDER BY seq DESC LIMIT 1)
WHERE r.withdrawn = 0;

CREATE OR REPLACE VIEW report_events WITH (security_barrier) AS
SELECT r.id AS report, e.n,
       (ARRAY['state', 'note', 'transfer', 'hidden', 'shown', 'erased', 'areas', 'level', 'extended'])[e.kind + 1] AS kind,
       to_timestamp(e.shown_ms / 1000.0) AS at, e.role,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate', 'answered', 'redirected'])[e.from_state + 1] AS from_state,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate', 'answered', 'redirected'])[e.to_state + 1] AS to_state,
       e.reason, e.note, split_part(e.ward, '.', 2) AS ward, e.redirect_to, e.body, e.from_body,
       (ARRAY['low', 'normal', 'urgent'])[e.level + 1] AS level,
       (ARRAY['low', 'normal', 'urgent'])[e.from_level + 1] AS from_level,
       to_timestamp(e.due_ms / 1000.0) AS due_at, to_timestamp(e.from_due_ms / 1000.0) AS from_due_at
FROM event e JOIN report_public r ON r.seq = e.report WHERE r.withdrawn = 0 AND e.shown_ms IS NOT NULL;
