-- The states answered and redirected; what events say of redirections, transfers between bodies, and levels.
ALTER TABLE report_public ADD COLUMN redirect_to text COLLATE "C";
COMMENT ON COLUMN report_public.redirect_to IS 'Where to go instead, of a report that is redirected';
ALTER TABLE event ADD COLUMN redirect_to text COLLATE "C";
COMMENT ON COLUMN event.redirect_to IS 'Of a redirection: where to go';
ALTER TABLE event ADD COLUMN body text COLLATE "C";
COMMENT ON COLUMN event.body IS 'Of a transfer: the body after it. Null: of a release that did not say so';
ALTER TABLE event ADD COLUMN from_body text COLLATE "C";
COMMENT ON COLUMN event.from_body IS 'Of a transfer: the body before it';
ALTER TABLE event ADD COLUMN level smallint;
COMMENT ON COLUMN event.level IS 'How much the report presses from then on: 0 low, 1 normal, 2 urgent. Null: the event does not change it';
ALTER TABLE event ADD COLUMN from_level smallint;
COMMENT ON COLUMN event.from_level IS 'How much it pressed before';

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
       (ARRAY['low', 'normal', 'urgent'])[r.level + 1] AS level, r.redirect_to
FROM report_public r
LEFT JOIN placed o ON o.report = r.seq AND o.edition = (SELECT edition FROM area_turn ORDER BY seq DESC LIMIT 1)
WHERE r.withdrawn = 0;

CREATE OR REPLACE VIEW report_events WITH (security_barrier) AS
SELECT r.id AS report, e.n,
       (ARRAY['state', 'note', 'transfer', 'hidden', 'shown', 'erased', 'areas', 'level'])[e.kind + 1] AS kind,
       to_timestamp(e.shown_ms / 1000.0) AS at, e.role,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate', 'answered', 'redirected'])[e.from_state + 1] AS from_state,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate', 'answered', 'redirected'])[e.to_state + 1] AS to_state,
       e.reason, e.note, split_part(e.ward, '.', 2) AS ward, e.redirect_to, e.body, e.from_body,
       (ARRAY['low', 'normal', 'urgent'])[e.level + 1] AS level,
       (ARRAY['low', 'normal', 'urgent'])[e.from_level + 1] AS from_level
FROM event e JOIN report_public r ON r.seq = e.report WHERE r.withdrawn = 0 AND e.shown_ms IS NOT NULL;
