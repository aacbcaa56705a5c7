-- Who may do what with the objects of schema risk. Run after each migration as their owner.
DO $$
DECLARE
    object record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'risk_reader') THEN
        RETURN;
    END IF;
    REVOKE ALL ON SCHEMA risk FROM PUBLIC;
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA risk FROM PUBLIC;
    GRANT USAGE ON SCHEMA risk TO risk_writer, risk_reader;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA risk TO risk_writer;
    GRANT EXECUTE ON FUNCTION risk.shown(double precision, text) TO risk_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA risk TO risk_writer, risk_reader;
    GRANT INSERT ON ALL TABLES IN SCHEMA risk TO risk_writer;
    REVOKE INSERT ON risk.schema_version, risk.score_component FROM risk_writer;
    FOR object IN
        SELECT tablename FROM pg_tables
        WHERE schemaname = 'risk' AND (
            tablename LIKE 'latest\_%' OR tablename IN (
                'instrument', 'insurance_group', 'bracket_check', 'position_gone', 'equity_hour', 'liquidation_hour',
                'depth_minute', 'depth_hour', 'score_memory', 'alert', 'delivery', 'data_issue', 'flow_progress',
                'heartbeat', 'fact', 'exchange_ban', 'stream_lease', 'silence', 'archive_file'
            )
        )
    LOOP
        EXECUTE format('GRANT UPDATE ON risk.%I TO risk_writer', object.tablename);
    END LOOP;
    GRANT DELETE ON risk.latest_position, risk.latest_order, risk.latest_shock, risk.latest_var, risk.stream_lease,
        risk.strategy_return TO risk_writer;
END
$$;
