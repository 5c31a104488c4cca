-- What analysts read: proper types, words instead of codes, nothing that is not public. The twin in SQLite
-- is empty: there they use the exports.
CREATE VIEW reports AS
SELECT id, category,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate'])[state + 1] AS state,
       CASE WHEN state < 4 THEN 'open' ELSE 'closed' END AS status,
       split_part(ward, '.', 2) AS ward, split_part(ward, '.', 1) AS ward_generation,
       body, title, description, address, votes, source, border_m, offshore_m,
       to_timestamp(observed_ms / 1000.0) AS observed_at, to_timestamp(created_ms / 1000.0) AS created_at,
       to_timestamp(updated_ms / 1000.0) AS updated_at, to_timestamp(due_ms / 1000.0) AS due_at, geom
FROM report_public WHERE withdrawn = 0;
COMMENT ON VIEW reports IS 'Reports as everybody may see them; geom is the public point, blurred where the category says so';

CREATE VIEW report_events AS
SELECT r.id AS report, e.n, (ARRAY['state', 'note', 'transfer', 'hidden', 'shown', 'erased', 'areas'])[e.kind + 1] AS kind,
       to_timestamp(e.shown_ms / 1000.0) AS at, e.role,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate'])[e.from_state + 1] AS from_state,
       (ARRAY['received', 'forwarded', 'in_progress', 'reopened', 'resolved', 'rejected', 'duplicate'])[e.to_state + 1] AS to_state,
       e.reason, e.note, split_part(e.ward, '.', 2) AS ward
FROM event e JOIN report_public r ON r.seq = e.report WHERE r.withdrawn = 0 AND e.shown_ms IS NOT NULL;
COMMENT ON VIEW report_events IS 'The life of each public report: one row for each thing that happened to it';

CREATE VIEW features AS
SELECT f.id, f.collection, f.source, f.source_id, f.revision, f.properties::jsonb AS properties,
       (SELECT array_agg(split_part(w.ward, '.', 2) ORDER BY w.ward) FROM feature_ward w WHERE w.feature = f.seq) AS wards,
       to_timestamp(f.created_ms / 1000.0) AS created_at, to_timestamp(f.updated_ms / 1000.0) AS updated_at, f.geom
FROM feature f;
COMMENT ON VIEW features IS 'Traffic, facilities, alerts and other collections; properties as the collection declares them';

-- A group for analysts: GRANT diaban_reader TO name. Roles belong to the whole cluster, and not everybody
-- may make one; then the operator makes it and grants it the same.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'diaban_reader') THEN
        BEGIN
            CREATE ROLE diaban_reader NOLOGIN;
            COMMENT ON ROLE diaban_reader IS 'May read what diaban shows everybody, and nothing else';
        EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
            RAISE NOTICE 'the role diaban_reader is not made here';
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'diaban_reader') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO diaban_reader', current_schema());
        GRANT SELECT ON reports, report_events, features TO diaban_reader;
    END IF;
END
$$;
