-- Who may do what with the objects of schema risk. Run after each migration, where the roles exist.
DO $$
BEGIN
    IF (SELECT count(*) FROM pg_roles WHERE rolname IN ('risk_owner', 'risk_writer', 'risk_reader')) < 3 THEN
        RETURN;
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO risk_writer', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO risk_reader', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA risk TO risk_writer, risk_reader;
    GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA risk TO risk_writer;
    GRANT SELECT ON ALL TABLES IN SCHEMA risk TO risk_reader;
END
$$;
