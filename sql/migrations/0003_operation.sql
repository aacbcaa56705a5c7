-- What keeps the desk running: ledger, progress, signs of life, bans and leases.
CREATE TABLE risk.data_issue (
    source      text NOT NULL,
    symbol      text NOT NULL,
    field       text NOT NULL,
    problem     text NOT NULL,
    hour_at     timestamptz NOT NULL,
    first_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    occurrences bigint NOT NULL,
    value       text NOT NULL,
    PRIMARY KEY (source, symbol, field, problem, hour_at),
    CONSTRAINT times_are_in_order CHECK (hour_at <= first_at AND first_at <= last_at),
    CONSTRAINT it_occurred_at_least_once CHECK (occurrences > 0)
);
COMMENT ON TABLE risk.data_issue IS 'Ledger of data quality: what was refused or disagrees, one row per kind and hour';
COMMENT ON COLUMN risk.data_issue.source IS 'endpoint, stream or archive';
COMMENT ON COLUMN risk.data_issue.symbol IS 'contract; empty when it concerns all';
COMMENT ON COLUMN risk.data_issue.field IS 'path of the offending field';
COMMENT ON COLUMN risk.data_issue.problem IS 'why it cannot be true';
COMMENT ON COLUMN risk.data_issue.hour_at IS 'hour it was seen in, UTC';
COMMENT ON COLUMN risk.data_issue.first_at IS 'first time in that hour, UTC';
COMMENT ON COLUMN risk.data_issue.last_at IS 'last time in that hour, UTC';
COMMENT ON COLUMN risk.data_issue.occurrences IS 'times in that hour';
COMMENT ON COLUMN risk.data_issue.value IS 'what stood there last, shortened';

CREATE TABLE risk.flow_progress (
    flow       text NOT NULL,
    scope      text NOT NULL,
    cursor_at  timestamptz,
    done       bigint NOT NULL,
    total      bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (flow, scope),
    CONSTRAINT progress_is_not_negative CHECK (done >= 0 AND total >= 0)
);
COMMENT ON TABLE risk.flow_progress IS 'How far a resumable flow has come';
COMMENT ON COLUMN risk.flow_progress.flow IS 'name of the flow';
COMMENT ON COLUMN risk.flow_progress.scope IS 'part of its work, e.g. "BTCUSDT/15m"';
COMMENT ON COLUMN risk.flow_progress.cursor_at IS 'everything before is stored, UTC';
COMMENT ON COLUMN risk.flow_progress.done IS 'steps done';
COMMENT ON COLUMN risk.flow_progress.total IS 'steps in all';
COMMENT ON COLUMN risk.flow_progress.updated_at IS 'UTC';

CREATE TABLE risk.heartbeat (
    part    text NOT NULL,
    beat_at timestamptz NOT NULL,
    details jsonb NOT NULL,
    PRIMARY KEY (part)
);
COMMENT ON TABLE risk.heartbeat IS 'Last sign of life of each part';
COMMENT ON COLUMN risk.heartbeat.part IS 'name of the part';
COMMENT ON COLUMN risk.heartbeat.beat_at IS 'UTC';
COMMENT ON COLUMN risk.heartbeat.details IS 'what it says of itself';

CREATE TABLE risk.fact (
    name       text NOT NULL,
    value      risk.statistic NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (name)
);
COMMENT ON TABLE risk.fact IS 'Named numbers that scoring takes along, e.g. equity_now';
COMMENT ON COLUMN risk.fact.name IS 'name; ends with its unit where it has one';
COMMENT ON COLUMN risk.fact.value IS 'in the unit of the name; times in seconds since 1970; truths as 0 or 1';
COMMENT ON COLUMN risk.fact.updated_at IS 'UTC';

CREATE TABLE risk.exchange_ban (
    host     text NOT NULL,
    until    timestamptz NOT NULL,
    reason   text NOT NULL,
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (host)
);
COMMENT ON TABLE risk.exchange_ban IS 'No request to this host before its end; outlives a restart';
COMMENT ON COLUMN risk.exchange_ban.host IS 'name of the host';
COMMENT ON COLUMN risk.exchange_ban.until IS 'end, UTC';
COMMENT ON COLUMN risk.exchange_ban.reason IS 'the exchange''s words';
COMMENT ON COLUMN risk.exchange_ban.noted_at IS 'UTC';

CREATE TABLE risk.stream_lease (
    symbol     text NOT NULL,
    holder     text NOT NULL,
    held_until timestamptz NOT NULL,
    PRIMARY KEY (symbol)
);
COMMENT ON TABLE risk.stream_lease IS 'Which process keeps the streams of a symbol';
COMMENT ON COLUMN risk.stream_lease.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.stream_lease.holder IS 'process';
COMMENT ON COLUMN risk.stream_lease.held_until IS 'end of the lease unless renewed, UTC';

ALTER TABLE risk.heartbeat SET (fillfactor = 50);
ALTER TABLE risk.fact SET (fillfactor = 50);
ALTER TABLE risk.stream_lease SET (fillfactor = 50);
