-- Conditions of an analyst are tested on the rows of the view only: without the barrier a function of his in WHERE
-- saw hidden reports too. The level of a report comes with it.
CREATE OR REPLACE VIEW reports WITH (security_barrier) AS
SELECT id, category,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate'])[state + 1] AS state,
       CASE WHEN state < 4 THEN 'open' ELSE 'closed' END AS status,
       split_part(ward, '.', 2) AS ward, split_part(ward, '.', 1) AS ward_generation,
       body, title, description, address, votes, source, border_m, offshore_m,
       to_timestamp(observed_ms / 1000.0) AS observed_at, to_timestamp(created_ms / 1000.0) AS created_at,
       to_timestamp(updated_ms / 1000.0) AS updated_at, to_timestamp(due_ms / 1000.0) AS due_at, geom,
       (ARRAY['low', 'normal', 'urgent'])[level + 1] AS level
FROM report_public WHERE withdrawn = 0;
ALTER VIEW report_events SET (security_barrier);
ALTER VIEW features SET (security_barrier);
