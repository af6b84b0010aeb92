-- Statements of the migrations engine itself.

-- name: ensure_application_role
-- The role of gateway and relay; migrations grant to it, so it must exist before the first one.
DO $$
BEGIN
    -- Asked first: on a managed server the owner may not be allowed to create roles.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'octonext_app') THEN
        CREATE ROLE octonext_app LOGIN;
    END IF;
EXCEPTION
    -- Two databases of one server can be migrated at the same moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

-- name: ensure_schema_migration
-- The memory of what was applied.
CREATE TABLE IF NOT EXISTS schema_migration (
    version integer PRIMARY KEY CHECK (version > 0),
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: applied_migrations
-- What the database has, in order.
SELECT version, name, checksum FROM schema_migration ORDER BY version;

-- name: record_migration
-- Written in the transaction of the migration itself, so that both happen or neither does.
INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3);

-- name: has_audit_trail
-- Null before the migration that makes it.
SELECT to_regprocedure('audit_event(text, jsonb)');

-- name: audit_migration
-- Tells the audit trail which file was applied.
SELECT audit_event('migration_applied',
                   jsonb_build_object('version', $1::integer, 'name', $2::text, 'checksum', $3::text));

-- name: has_schema_migration
-- Null when nothing was ever migrated here.
SELECT to_regclass('schema_migration');

-- name: schema_version
-- The newest applied version, 0 when none is.
SELECT coalesce(max(version), 0) FROM schema_migration;

-- name: has_partition_function
-- Null while the schema has no partitions to create.
SELECT to_regprocedure('ensure_month_partitions(date, integer)');

-- name: ensure_month_partitions
-- Creates the missing month partitions and answers how many were missing.
SELECT ensure_month_partitions($1::date, $2::integer);
