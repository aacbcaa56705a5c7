-- Roles of the whole server: owner migrates, writer is the programs, reader is reports and dashboards.
-- Run before each migration; does nothing where the roles exist or we may not create them.
DO $$
DECLARE
    may_create boolean := (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user);
BEGIN
    IF NOT may_create OR (SELECT count(*) FROM pg_roles WHERE rolname IN ('risk_owner', 'risk_writer', 'risk_reader')) = 3 THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(7305814270002);
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'risk_owner') THEN
        CREATE ROLE risk_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'risk_writer') THEN
        CREATE ROLE risk_writer LOGIN;
        ALTER ROLE risk_writer SET statement_timeout = '5s';
        ALTER ROLE risk_writer SET lock_timeout = '2s';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'risk_reader') THEN
        CREATE ROLE risk_reader LOGIN CONNECTION LIMIT 5;
        ALTER ROLE risk_reader SET default_transaction_read_only = on;
        ALTER ROLE risk_reader SET statement_timeout = '5s';
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another migrator, on another database of this server, was quicker
END
$$;
