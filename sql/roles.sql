-- Roles of the server: owner holds the schema, writer is the programs, reader is reports and dashboards.
-- Run before each migration; skips what exists and what we have no right to.
DO $$
DECLARE
    me record;
BEGIN
    SELECT r.rolsuper OR r.rolcreaterole AS may_create_roles, r.rolsuper OR pg_has_role(d.datdba, 'MEMBER') AS owns_database
    INTO me
    FROM pg_roles AS r, pg_database AS d
    WHERE r.rolname = current_user AND d.datname = current_database();
    IF me.may_create_roles THEN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'risk_owner') THEN
            CREATE ROLE risk_owner NOLOGIN;
            GRANT risk_owner TO CURRENT_USER;
        END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'risk_writer') THEN
            CREATE ROLE risk_writer LOGIN;
        END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'risk_reader') THEN
            CREATE ROLE risk_reader LOGIN CONNECTION LIMIT 20; -- page, tables, reports
            ALTER ROLE risk_reader SET default_transaction_read_only = on;
            ALTER ROLE risk_reader SET statement_timeout = '5s';
        END IF;
    END IF;
    IF me.owns_database AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'risk_reader') THEN
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO risk_owner', current_database());
        EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO risk_writer', current_database());
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO risk_reader', current_database());
    END IF;
END
$$;
