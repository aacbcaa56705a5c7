-- The result of all migrations; made by `python -m risk.adapters.migrate --write-schema`.

CREATE SCHEMA risk;

CREATE DOMAIN risk.amount AS numeric
	CONSTRAINT amount_is_finite CHECK (((VALUE > '-Infinity'::numeric) AND (VALUE < 'Infinity'::numeric)));

COMMENT ON DOMAIN risk.amount IS 'Money, quantity or rate as the exchange sent it; no NaN, no infinity';

CREATE DOMAIN risk.points AS real
	CONSTRAINT points_lie_between_0_and_100 CHECK (((VALUE >= (0)::double precision) AND (VALUE <= (100)::double precision)));

COMMENT ON DOMAIN risk.points IS 'A score, 0 to 100, higher is more dangerous; NULL is unknown';

CREATE DOMAIN risk.price AS numeric
	CONSTRAINT price_is_positive_and_finite CHECK (((VALUE > (0)::numeric) AND (VALUE < 'Infinity'::numeric)));

COMMENT ON DOMAIN risk.price IS 'A number that cannot be zero: price, step, open quantity';

CREATE DOMAIN risk.statistic AS double precision
	CONSTRAINT statistic_is_finite CHECK (((VALUE > '-Infinity'::double precision) AND (VALUE < 'Infinity'::double precision)));

COMMENT ON DOMAIN risk.statistic IS 'Result of a calculation; NULL is unknown, NaN and infinity do not exist';

CREATE FUNCTION risk.ensure_partitions(today date, days_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO'
    AS $_$
DECLARE
    parent record;
    day date;
    partition text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7305814270003);
    FOR parent IN
        SELECT c.relname AS name, a.attname AS key
        FROM pg_partitioned_table AS p
        JOIN pg_class AS c ON c.oid = p.partrelid
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
        WHERE c.relnamespace = CAST('risk' AS regnamespace)
        ORDER BY c.relname
    LOOP
        FOR day IN SELECT today + n FROM generate_series(0, days_ahead) AS n LOOP
            partition := parent.name || '_p' || to_char(day, 'YYYYMMDD');
            CONTINUE WHEN to_regclass(format('risk.%I', partition)) IS NOT NULL;
            EXECUTE format('CREATE TABLE risk.%I (LIKE risk.%I INCLUDING ALL)', partition, parent.name);
            EXECUTE format(
                'WITH moved AS (DELETE FROM risk.%1$I WHERE %2$I >= %3$L AND %2$I < %4$L RETURNING *) '
                'INSERT INTO risk.%5$I SELECT * FROM moved',
                parent.name || '_default', parent.key, day || ' 00:00+00', day + 1 || ' 00:00+00', partition
            );
            EXECUTE format(
                'ALTER TABLE risk.%I ATTACH PARTITION risk.%I FOR VALUES FROM (%L) TO (%L)',
                parent.name, partition, day || ' 00:00+00', day + 1 || ' 00:00+00'
            );
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$_$;

COMMENT ON FUNCTION risk.ensure_partitions(today date, days_ahead integer) IS 'Make the partitions of today and the days ahead; rows that the default partition caught move there. Returns how many were made';

CREATE FUNCTION risk.forget_before(table_name text, first_kept date) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO'
    AS $_$
DECLARE
    key text;
    partition text;
    forgotten bigint;
BEGIN
    SELECT column_name INTO STRICT key
    FROM information_schema.columns AS c
    WHERE c.table_schema = 'risk' AND c.table_name = forget_before.table_name
        AND c.column_name IN ('event_at', 'scored_at', 'minute_at', 'hour_at', 'bar_at') AND NOT c.table_name LIKE 'latest_%';
    FOR partition IN
        SELECT c.relname
        FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass(format('risk.%I', forget_before.table_name)) AND c.relname ~ '_p[0-9]{8}$'
            AND to_date(right(c.relname, 8), 'YYYYMMDD') < first_kept
    LOOP
        EXECUTE format('DROP TABLE risk.%I', partition);
    END LOOP;
    EXECUTE format('DELETE FROM risk.%I WHERE %I < %L', table_name, key, first_kept || ' 00:00+00');
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END
$_$;

COMMENT ON FUNCTION risk.forget_before(table_name text, first_kept date) IS 'Drop the partitions of the days before, and delete single rows of that age. Returns how many single rows went';

CREATE FUNCTION risk.shown(value double precision, unit text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE unit WHEN 'fraction'::text THEN (trim_scale(round(((value * (100)::double precision))::numeric, 4)) || ' %'::text) WHEN 'usdt'::text THEN (to_char(value, 'FM999,999,999,999,990'::text) || ' USDT'::text) WHEN 'sigmas'::text THEN (trim_scale(round((value)::numeric, 2)) || ' σ'::text) ELSE (trim_scale(round((value)::numeric, 2)) || ' ×'::text) END;

COMMENT ON FUNCTION risk.shown(value double precision, unit text) IS 'A component''s value as a person reads it';

CREATE TABLE risk.account (
    account text NOT NULL,
    is_multi_assets boolean NOT NULL,
    is_hedge_mode boolean NOT NULL,
    wallet_usdt risk.amount NOT NULL,
    cross_wallet_usdt risk.amount NOT NULL,
    cross_unrealized_usdt risk.amount NOT NULL,
    unrealized_usdt risk.amount NOT NULL,
    margin_balance_usdt risk.amount NOT NULL,
    maintenance_usdt risk.amount NOT NULL,
    cross_maintenance_usdt risk.amount NOT NULL,
    initial_usdt risk.amount NOT NULL,
    available_usdt risk.amount NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT margins_are_not_negative CHECK ((((maintenance_usdt)::numeric >= (0)::numeric) AND ((cross_maintenance_usdt)::numeric >= (0)::numeric) AND ((initial_usdt)::numeric >= (0)::numeric)))
)
PARTITION BY RANGE (event_at);

COMMENT ON TABLE risk.account IS 'Totals of one account, in USDT (USD in multi-assets mode)';

COMMENT ON COLUMN risk.account.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.account.is_multi_assets IS 'several assets serve as margin together';

COMMENT ON COLUMN risk.account.is_hedge_mode IS 'long and short of a symbol at the same time';

COMMENT ON COLUMN risk.account.wallet_usdt IS 'USDT; balance without open profit';

COMMENT ON COLUMN risk.account.cross_wallet_usdt IS 'USDT; the part not locked in isolated positions';

COMMENT ON COLUMN risk.account.cross_unrealized_usdt IS 'USDT; open profit of cross positions';

COMMENT ON COLUMN risk.account.unrealized_usdt IS 'USDT; open profit of all positions';

COMMENT ON COLUMN risk.account.margin_balance_usdt IS 'USDT; wallet plus open profit';

COMMENT ON COLUMN risk.account.maintenance_usdt IS 'USDT; maintenance margin of all positions';

COMMENT ON COLUMN risk.account.cross_maintenance_usdt IS 'USDT; maintenance margin of cross positions';

COMMENT ON COLUMN risk.account.initial_usdt IS 'USDT; initial margin in use';

COMMENT ON COLUMN risk.account.available_usdt IS 'USDT; free for new positions';

COMMENT ON COLUMN risk.account.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.account.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.account.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.account_default (
    account text CONSTRAINT account_account_not_null NOT NULL,
    is_multi_assets boolean CONSTRAINT account_is_multi_assets_not_null NOT NULL,
    is_hedge_mode boolean CONSTRAINT account_is_hedge_mode_not_null NOT NULL,
    wallet_usdt risk.amount CONSTRAINT account_wallet_usdt_not_null NOT NULL,
    cross_wallet_usdt risk.amount CONSTRAINT account_cross_wallet_usdt_not_null NOT NULL,
    cross_unrealized_usdt risk.amount CONSTRAINT account_cross_unrealized_usdt_not_null NOT NULL,
    unrealized_usdt risk.amount CONSTRAINT account_unrealized_usdt_not_null NOT NULL,
    margin_balance_usdt risk.amount CONSTRAINT account_margin_balance_usdt_not_null NOT NULL,
    maintenance_usdt risk.amount CONSTRAINT account_maintenance_usdt_not_null NOT NULL,
    cross_maintenance_usdt risk.amount CONSTRAINT account_cross_maintenance_usdt_not_null NOT NULL,
    initial_usdt risk.amount CONSTRAINT account_initial_usdt_not_null NOT NULL,
    available_usdt risk.amount CONSTRAINT account_available_usdt_not_null NOT NULL,
    event_at timestamp with time zone CONSTRAINT account_event_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT account_received_at_not_null NOT NULL,
    source text CONSTRAINT account_source_not_null NOT NULL,
    CONSTRAINT margins_are_not_negative CHECK ((((maintenance_usdt)::numeric >= (0)::numeric) AND ((cross_maintenance_usdt)::numeric >= (0)::numeric) AND ((initial_usdt)::numeric >= (0)::numeric)))
);

COMMENT ON TABLE risk.account_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.adl_risk (
    symbol text NOT NULL,
    risk text NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT risk_is_known CHECK ((risk = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text])))
);

COMMENT ON TABLE risk.adl_risk IS 'The exchange''s own word for how near auto-deleveraging is';

COMMENT ON COLUMN risk.adl_risk.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.adl_risk.risk IS '"low", "medium" or "high"';

COMMENT ON COLUMN risk.adl_risk.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.adl_risk.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.adl_risk.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.alert (
    alert_id uuid NOT NULL,
    name text NOT NULL,
    scope text NOT NULL,
    severity text NOT NULL,
    phase text NOT NULL,
    since timestamp with time zone NOT NULL,
    fired_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    last_told_at timestamp with time zone,
    told_count integer NOT NULL,
    value risk.statistic,
    threshold risk.statistic,
    details jsonb NOT NULL,
    CONSTRAINT a_resolved_alert_has_its_time CHECK (((phase = 'resolved'::text) = (resolved_at IS NOT NULL))),
    CONSTRAINT phase_is_known CHECK ((phase = ANY (ARRAY['pending'::text, 'firing'::text, 'clearing'::text, 'resolved'::text]))),
    CONSTRAINT severity_is_known CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text])))
);

COMMENT ON TABLE risk.alert IS 'One alert from its first sign to its end; name and scope are its identity until it resolves';

COMMENT ON COLUMN risk.alert.alert_id IS 'made from name, scope and begin';

COMMENT ON COLUMN risk.alert.name IS 'which alert';

COMMENT ON COLUMN risk.alert.scope IS 'symbol, "SYMBOL/side", "account" or a feed';

COMMENT ON COLUMN risk.alert.severity IS '"info", "warning" or "critical"';

COMMENT ON COLUMN risk.alert.phase IS '"pending", "firing", "clearing" or "resolved"';

COMMENT ON COLUMN risk.alert.since IS 'begin of the present phase''s condition, UTC';

COMMENT ON COLUMN risk.alert.fired_at IS 'first told as firing, UTC';

COMMENT ON COLUMN risk.alert.updated_at IS 'last evaluation that changed it, UTC';

COMMENT ON COLUMN risk.alert.resolved_at IS 'UTC';

COMMENT ON COLUMN risk.alert.last_told_at IS 'UTC';

COMMENT ON COLUMN risk.alert.told_count IS 'messages it was part of';

COMMENT ON COLUMN risk.alert.value IS 'what was measured, in the unit of the alert';

COMMENT ON COLUMN risk.alert.threshold IS 'what it was held against, same unit';

COMMENT ON COLUMN risk.alert.details IS 'numbers for the message';

CREATE TABLE risk.archive_file (
    path text NOT NULL,
    symbol text NOT NULL,
    series text NOT NULL,
    sha256 text NOT NULL,
    is_verified boolean NOT NULL,
    row_count integer NOT NULL,
    new_count integer NOT NULL,
    refused_count integer NOT NULL,
    first_at timestamp with time zone,
    last_at timestamp with time zone,
    stored_at timestamp with time zone NOT NULL,
    CONSTRAINT checksum_is_sha256_in_hex CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT counts_are_not_negative CHECK (((row_count >= 0) AND (new_count >= 0) AND (refused_count >= 0)))
);

COMMENT ON TABLE risk.archive_file IS 'Files of history that were stored whole; fetching again leaves them out';

COMMENT ON COLUMN risk.archive_file.path IS 'below the address or folder it came from';

COMMENT ON COLUMN risk.archive_file.symbol IS 'contract, e.g. BTCUSDT; * for a file of several';

COMMENT ON COLUMN risk.archive_file.series IS '"15m", "1h", "1d", "funding", "open_interest" or "depth"';

COMMENT ON COLUMN risk.archive_file.sha256 IS 'of the file as it arrived, hex';

COMMENT ON COLUMN risk.archive_file.is_verified IS 'whether a checksum beside it said the same';

COMMENT ON COLUMN risk.archive_file.row_count IS 'rows that counted';

COMMENT ON COLUMN risk.archive_file.new_count IS 'of them the ones that were new';

COMMENT ON COLUMN risk.archive_file.refused_count IS 'rows refused; table data_issue says why';

COMMENT ON COLUMN risk.archive_file.first_at IS 'time of the first row, UTC';

COMMENT ON COLUMN risk.archive_file.last_at IS 'time of the last row, UTC';

COMMENT ON COLUMN risk.archive_file.stored_at IS 'when it was stored, UTC';

CREATE TABLE risk.archived_depth (
    symbol text NOT NULL,
    bid_02pct_usdt risk.statistic,
    ask_02pct_usdt risk.statistic,
    bid_1pct_usdt risk.statistic,
    ask_1pct_usdt risk.statistic,
    bid_5pct_usdt risk.statistic,
    ask_5pct_usdt risk.statistic,
    bid_mean_price risk.statistic,
    ask_mean_price risk.statistic,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT bids_stand_below_asks CHECK (((bid_mean_price)::double precision < (ask_mean_price)::double precision)),
    CONSTRAINT depths_are_not_negative CHECK (((LEAST(bid_02pct_usdt, ask_02pct_usdt, bid_1pct_usdt, ask_1pct_usdt, bid_5pct_usdt, ask_5pct_usdt))::double precision >= (0)::double precision))
);

COMMENT ON TABLE risk.archived_depth IS 'Depth near mid by the exchange''s archive (bookDepth), every half a minute; never beside the live book, which is risk.depth';

COMMENT ON COLUMN risk.archived_depth.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.archived_depth.bid_02pct_usdt IS 'USDT of bids within 0.2 % of mid; NULL: not in the file, or a band that stood still';

COMMENT ON COLUMN risk.archived_depth.ask_02pct_usdt IS 'USDT of asks within 0.2 % of mid; NULL likewise';

COMMENT ON COLUMN risk.archived_depth.bid_1pct_usdt IS 'USDT of bids within 1 % of mid; NULL likewise';

COMMENT ON COLUMN risk.archived_depth.ask_1pct_usdt IS 'USDT of asks within 1 % of mid; NULL likewise';

COMMENT ON COLUMN risk.archived_depth.bid_5pct_usdt IS 'USDT of bids within 5 % of mid; NULL likewise';

COMMENT ON COLUMN risk.archived_depth.ask_5pct_usdt IS 'USDT of asks within 5 % of mid; NULL likewise';

COMMENT ON COLUMN risk.archived_depth.bid_mean_price IS 'USDT per coin; mean of the bids in the narrowest band of the file';

COMMENT ON COLUMN risk.archived_depth.ask_mean_price IS 'USDT per coin; mean of the asks in that band';

COMMENT ON COLUMN risk.archived_depth.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.archived_depth.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.archived_depth.source IS '"archive"';

CREATE TABLE risk.backtest_score (
    run_id uuid NOT NULL,
    made_at timestamp with time zone NOT NULL,
    profile text NOT NULL,
    limits_version text NOT NULL,
    side smallint NOT NULL,
    notional_usdt risk.statistic NOT NULL,
    sources text[] NOT NULL,
    verdict text[] NOT NULL,
    CONSTRAINT side_is_long_or_short CHECK ((side = ANY (ARRAY['-1'::integer, 1])))
);

COMMENT ON TABLE risk.backtest_score IS 'Runs of the score over archives: one row per run; the same run again changes nothing';

COMMENT ON COLUMN risk.backtest_score.run_id IS 'made from everything that the run was given and found';

COMMENT ON COLUMN risk.backtest_score.made_at IS 'when it was stored, UTC';

COMMENT ON COLUMN risk.backtest_score.profile IS 'profile of the limits';

COMMENT ON COLUMN risk.backtest_score.limits_version IS 'limits by which it was judged: table limits';

COMMENT ON COLUMN risk.backtest_score.side IS 'of the hypothetical positions: 1 long, -1 short';

COMMENT ON COLUMN risk.backtest_score.notional_usdt IS 'USDT; of the hypothetical positions and exits';

COMMENT ON COLUMN risk.backtest_score.sources IS 'names of the files';

COMMENT ON COLUMN risk.backtest_score.verdict IS 'what it comes to, in words';

CREATE TABLE risk.backtest_score_area (
    run_id uuid NOT NULL,
    bars text NOT NULL,
    ranked_by text NOT NULL,
    value risk.statistic,
    low risk.statistic,
    high risk.statistic,
    rows integer NOT NULL,
    events integer NOT NULL,
    less_low risk.statistic,
    less_high risk.statistic
);

COMMENT ON TABLE risk.backtest_score_area IS 'How well the score and each baseline rank the falls: one row per run, group of bars and ranking';

COMMENT ON COLUMN risk.backtest_score_area.run_id IS 'backtest_score';

COMMENT ON COLUMN risk.backtest_score_area.bars IS '"all", "15-minute bars" or "hourly bars"';

COMMENT ON COLUMN risk.backtest_score_area.ranked_by IS '"score", "atr", "ewma" or "garch"';

COMMENT ON COLUMN risk.backtest_score_area.value IS 'area under the ROC curve, 0 to 1';

COMMENT ON COLUMN risk.backtest_score_area.low IS 'lower end of its 95 % interval, by resampled weeks';

COMMENT ON COLUMN risk.backtest_score_area.high IS 'upper end of that interval';

COMMENT ON COLUMN risk.backtest_score_area.rows IS 'evaluations ranked';

COMMENT ON COLUMN risk.backtest_score_area.events IS 'of them followed by a fall of more than 5 % within 24 h';

COMMENT ON COLUMN risk.backtest_score_area.less_low IS 'lower end of the 95 % interval of the scores area minus this one; NULL: the score itself';

COMMENT ON COLUMN risk.backtest_score_area.less_high IS 'upper end of that interval';

CREATE TABLE risk.backtest_score_bin (
    run_id uuid NOT NULL,
    low smallint NOT NULL,
    high smallint NOT NULL,
    evaluations integer NOT NULL,
    event_share risk.statistic NOT NULL,
    event_low risk.statistic,
    event_high risk.statistic,
    CONSTRAINT scores_are_in_order CHECK ((low < high)),
    CONSTRAINT shares_are_fractions CHECK ((((event_share)::double precision >= (0)::double precision) AND ((event_share)::double precision <= (1)::double precision)))
);

COMMENT ON TABLE risk.backtest_score_bin IS 'How often a fall followed scores of each ten points: one row per run and ten points';

COMMENT ON COLUMN risk.backtest_score_bin.run_id IS 'backtest_score';

COMMENT ON COLUMN risk.backtest_score_bin.low IS 'lowest score of the class, 0 to 90';

COMMENT ON COLUMN risk.backtest_score_bin.high IS 'where the next class begins; 100 belongs to the last';

COMMENT ON COLUMN risk.backtest_score_bin.evaluations IS 'how many had such a score and a known day ahead';

COMMENT ON COLUMN risk.backtest_score_bin.event_share IS 'share of them followed by a fall of more than 5 % within 24 h, fraction';

COMMENT ON COLUMN risk.backtest_score_bin.event_low IS 'lower end of its 95 % interval, by resampled weeks; NULL: too few weeks';

COMMENT ON COLUMN risk.backtest_score_bin.event_high IS 'upper end of that interval';

CREATE TABLE risk.backtest_score_crash (
    run_id uuid NOT NULL,
    crash text NOT NULL,
    symbol text NOT NULL,
    bar_s integer NOT NULL,
    fall_at timestamp with time zone NOT NULL,
    fall risk.statistic NOT NULL,
    first_high timestamp with time zone,
    first_extreme timestamp with time zone,
    was_high boolean NOT NULL,
    lead_s risk.statistic,
    cost_high risk.statistic,
    cost_fall risk.statistic,
    false_a_week risk.statistic,
    high_before boolean
);

COMMENT ON TABLE risk.backtest_score_crash IS 'Past crashes in a run: one row per run, crash, symbol and length of bars';

COMMENT ON COLUMN risk.backtest_score_crash.run_id IS 'backtest_score';

COMMENT ON COLUMN risk.backtest_score_crash.crash IS 'its name';

COMMENT ON COLUMN risk.backtest_score_crash.symbol IS 'exchange symbol';

COMMENT ON COLUMN risk.backtest_score_crash.bar_s IS 'seconds between evaluations';

COMMENT ON COLUMN risk.backtest_score_crash.fall_at IS 'close of the bar with the largest fall, UTC';

COMMENT ON COLUMN risk.backtest_score_crash.fall IS 'that fall from close to close, fraction, 0 or below';

COMMENT ON COLUMN risk.backtest_score_crash.first_high IS 'first evaluation at high or above, UTC; NULL: never';

COMMENT ON COLUMN risk.backtest_score_crash.first_extreme IS 'first evaluation at extreme, UTC; NULL: never';

COMMENT ON COLUMN risk.backtest_score_crash.was_high IS 'whether the window began at high or above';

COMMENT ON COLUMN risk.backtest_score_crash.lead_s IS 'seconds from the first high to the largest fall; below 0: it came after';

COMMENT ON COLUMN risk.backtest_score_crash.cost_high IS 'what an exit at the first high would have paid, fraction of mid';

COMMENT ON COLUMN risk.backtest_score_crash.cost_fall IS 'what an exit at the largest fall would have paid, fraction of mid';

COMMENT ON COLUMN risk.backtest_score_crash.false_a_week IS 'false alarms of the stretch of bars that it lies in, per week; NULL: an older run';

COMMENT ON COLUMN risk.backtest_score_crash.high_before IS 'whether the level was high or above at the close before the bar with the largest fall; NULL: a run that did not tell';

CREATE TABLE risk.backtest_score_level (
    run_id uuid NOT NULL,
    bars text NOT NULL,
    level text NOT NULL,
    evaluations integer NOT NULL,
    share risk.statistic,
    median_1h risk.statistic,
    worst_5pct_1h risk.statistic,
    median_24h risk.statistic,
    worst_5pct_24h risk.statistic,
    event_share risk.statistic
);

COMMENT ON TABLE risk.backtest_score_level IS 'What followed each level in a run: one row per run, group of bars and level';

COMMENT ON COLUMN risk.backtest_score_level.run_id IS 'backtest_score';

COMMENT ON COLUMN risk.backtest_score_level.bars IS '"all", "15-minute bars" or "hourly bars"';

COMMENT ON COLUMN risk.backtest_score_level.level IS 'reported level';

COMMENT ON COLUMN risk.backtest_score_level.evaluations IS 'how many were at this level';

COMMENT ON COLUMN risk.backtest_score_level.share IS 'share of scored time, fraction';

COMMENT ON COLUMN risk.backtest_score_level.median_1h IS 'median fall of the next hour, fraction, 0 or below; NULL: no evaluation';

COMMENT ON COLUMN risk.backtest_score_level.worst_5pct_1h IS 'fall of the next hour that one evaluation in twenty exceeded, fraction';

COMMENT ON COLUMN risk.backtest_score_level.median_24h IS 'median fall of the next 24 h, fraction';

COMMENT ON COLUMN risk.backtest_score_level.worst_5pct_24h IS 'fall of the next 24 h that one evaluation in twenty exceeded, fraction';

COMMENT ON COLUMN risk.backtest_score_level.event_share IS 'share followed by a fall of more than 5 % within 24 h, fraction';

CREATE TABLE risk.backtest_score_position (
    run_id uuid NOT NULL,
    crash text NOT NULL,
    symbol text NOT NULL,
    side smallint NOT NULL,
    leverage risk.statistic NOT NULL,
    entry_price risk.statistic NOT NULL,
    liquidation_price risk.statistic,
    liquidated_at timestamp with time zone,
    warned_at timestamp with time zone,
    critical_at timestamp with time zone,
    level_at timestamp with time zone,
    CONSTRAINT side_is_long_or_short CHECK ((side = ANY (ARRAY['-1'::integer, 1])))
);

COMMENT ON TABLE risk.backtest_score_position IS 'Hypothetical positions in past crashes: one row per run, crash, symbol and leverage';

COMMENT ON COLUMN risk.backtest_score_position.run_id IS 'backtest_score';

COMMENT ON COLUMN risk.backtest_score_position.crash IS 'its name';

COMMENT ON COLUMN risk.backtest_score_position.symbol IS 'exchange symbol';

COMMENT ON COLUMN risk.backtest_score_position.side IS '1 long, -1 short';

COMMENT ON COLUMN risk.backtest_score_position.leverage IS 'notional over the isolated wallet at the entry';

COMMENT ON COLUMN risk.backtest_score_position.entry_price IS 'USDT per coin';

COMMENT ON COLUMN risk.backtest_score_position.liquidation_price IS 'USDT per coin; NULL: none above zero';

COMMENT ON COLUMN risk.backtest_score_position.liquidated_at IS 'close of the bar that reached it, UTC; NULL: it survived';

COMMENT ON COLUMN risk.backtest_score_position.warned_at IS 'first warning of its distance, UTC; NULL: never';

COMMENT ON COLUMN risk.backtest_score_position.critical_at IS 'first critical alert of its distance, UTC; NULL: never';

COMMENT ON COLUMN risk.backtest_score_position.level_at IS 'first reported level of high or above, UTC; NULL: never';

CREATE TABLE risk.backtest_score_track (
    run_id uuid NOT NULL,
    symbol text NOT NULL,
    bar_s integer NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    evaluations integer NOT NULL,
    absent text[] NOT NULL,
    is_garch risk.statistic NOT NULL,
    rises integer NOT NULL,
    false_rises integer NOT NULL,
    weeks risk.statistic NOT NULL,
    CONSTRAINT a_false_rise_is_a_rise CHECK (((false_rises >= 0) AND (false_rises <= rises)))
);

COMMENT ON TABLE risk.backtest_score_track IS 'Stretches of bars that a run judged, and their false alarms: one row per run and stretch';

COMMENT ON COLUMN risk.backtest_score_track.run_id IS 'backtest_score';

COMMENT ON COLUMN risk.backtest_score_track.symbol IS 'exchange symbol';

COMMENT ON COLUMN risk.backtest_score_track.bar_s IS 'seconds between evaluations';

COMMENT ON COLUMN risk.backtest_score_track.first_at IS 'first evaluation, UTC';

COMMENT ON COLUMN risk.backtest_score_track.last_at IS 'last evaluation, UTC';

COMMENT ON COLUMN risk.backtest_score_track.evaluations IS 'how many';

COMMENT ON COLUMN risk.backtest_score_track.absent IS 'components that the archives cannot give';

COMMENT ON COLUMN risk.backtest_score_track.is_garch IS 'share of evaluations whose forecast came from GARCH, fraction; EWMA made the others';

COMMENT ON COLUMN risk.backtest_score_track.rises IS 'times that the level rose to high or above, the day after being known';

COMMENT ON COLUMN risk.backtest_score_track.false_rises IS 'of them not followed by a fall of more than 5 % within 24 h';

COMMENT ON COLUMN risk.backtest_score_track.weeks IS 'length of all evaluations, weeks';

CREATE TABLE risk.backtest_score_year (
    run_id uuid NOT NULL,
    symbol text NOT NULL,
    bar_s integer NOT NULL,
    first_at timestamp with time zone NOT NULL,
    year smallint NOT NULL,
    calm_share risk.statistic NOT NULL,
    high_share risk.statistic NOT NULL,
    extreme_share risk.statistic NOT NULL,
    evaluations integer NOT NULL
);

COMMENT ON TABLE risk.backtest_score_year IS 'Levels in calm time: one row per run, stretch of bars and year that has calm time';

COMMENT ON COLUMN risk.backtest_score_year.run_id IS 'backtest_score';

COMMENT ON COLUMN risk.backtest_score_year.symbol IS 'exchange symbol';

COMMENT ON COLUMN risk.backtest_score_year.bar_s IS 'seconds between evaluations';

COMMENT ON COLUMN risk.backtest_score_year.first_at IS 'first evaluation of the stretch, UTC: backtest_score_track';

COMMENT ON COLUMN risk.backtest_score_year.year IS 'UTC';

COMMENT ON COLUMN risk.backtest_score_year.calm_share IS 'share of the year''s evaluations in calm weeks, fraction';

COMMENT ON COLUMN risk.backtest_score_year.high_share IS 'share of the calm ones at high or above, fraction';

COMMENT ON COLUMN risk.backtest_score_year.extreme_share IS 'share of the calm ones at extreme, fraction';

COMMENT ON COLUMN risk.backtest_score_year.evaluations IS 'calm ones';

CREATE TABLE risk.bracket_check (
    symbol text NOT NULL,
    ladder_at timestamp with time zone NOT NULL,
    previous_ladder_at timestamp with time zone,
    checked_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE risk.bracket_check IS 'When a maintenance ladder was last fetched, and which ladders are its newest two';

COMMENT ON COLUMN risk.bracket_check.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.bracket_check.ladder_at IS 'event_at of the ladder in force';

COMMENT ON COLUMN risk.bracket_check.previous_ladder_at IS 'event_at of the ladder before';

COMMENT ON COLUMN risk.bracket_check.checked_at IS 'last fetch that showed the ladder in force, UTC';

CREATE TABLE risk.data_issue (
    source text NOT NULL,
    symbol text NOT NULL,
    field text NOT NULL,
    problem text NOT NULL,
    hour_at timestamp with time zone NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    occurrences bigint NOT NULL,
    value text NOT NULL,
    CONSTRAINT it_occurred_at_least_once CHECK ((occurrences > 0)),
    CONSTRAINT times_are_in_order CHECK (((hour_at <= first_at) AND (first_at <= last_at)))
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

CREATE TABLE risk.decision (
    decision_id uuid NOT NULL,
    scope text NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    fraction risk.statistic,
    quantity risk.amount,
    reason text NOT NULL,
    details jsonb NOT NULL,
    CONSTRAINT fraction_is_between_0_and_1 CHECK ((((fraction)::double precision >= (0)::double precision) AND ((fraction)::double precision <= (1)::double precision)))
);

COMMENT ON TABLE risk.decision IS 'Advice that follows from a score';

COMMENT ON COLUMN risk.decision.decision_id IS 'made from time and content: the same input gives the same number';

COMMENT ON COLUMN risk.decision.scope IS 'scope of the score it follows from';

COMMENT ON COLUMN risk.decision.scored_at IS 'that score, UTC';

COMMENT ON COLUMN risk.decision.kind IS '"reduce", "close_only" or "warn"';

COMMENT ON COLUMN risk.decision.symbol IS 'contract';

COMMENT ON COLUMN risk.decision.side IS 'side of the position; empty where it does not matter';

COMMENT ON COLUMN risk.decision.fraction IS 'share of the position to give up, for "reduce"';

COMMENT ON COLUMN risk.decision.quantity IS 'coins to give up';

COMMENT ON COLUMN risk.decision.reason IS 'code; the words are made when it is told';

COMMENT ON COLUMN risk.decision.details IS 'numbers behind the reason';

CREATE TABLE risk.delivery (
    message_id uuid NOT NULL,
    channel text NOT NULL,
    severity text NOT NULL,
    state text NOT NULL,
    attempts smallint NOT NULL,
    next_try_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    holder text,
    held_until timestamp with time zone,
    settled_at timestamp with time zone,
    reason text,
    picture text,
    CONSTRAINT a_lease_has_a_holder CHECK (((holder IS NULL) = (held_until IS NULL))),
    CONSTRAINT a_settled_delivery_has_its_time CHECK (((state = 'waiting'::text) = (settled_at IS NULL))),
    CONSTRAINT picture_is_known CHECK ((picture = ANY (ARRAY['attached'::text, 'followed'::text, 'late'::text, 'not drawn'::text, 'missing'::text, 'too large'::text, 'broken'::text, 'refused'::text, 'left out'::text]))),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['waiting'::text, 'accepted'::text, 'failed'::text, 'expired'::text])))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.delivery IS 'One message on its way to one channel';

COMMENT ON COLUMN risk.delivery.message_id IS 'message';

COMMENT ON COLUMN risk.delivery.channel IS 'name of the channel in the settings';

COMMENT ON COLUMN risk.delivery.severity IS 'of the message';

COMMENT ON COLUMN risk.delivery.state IS '"waiting", "accepted", "failed" or "expired"';

COMMENT ON COLUMN risk.delivery.attempts IS 'tries so far';

COMMENT ON COLUMN risk.delivery.next_try_at IS 'not tried before, UTC';

COMMENT ON COLUMN risk.delivery.expires_at IS 'not tried after, UTC';

COMMENT ON COLUMN risk.delivery.holder IS 'process that is trying now';

COMMENT ON COLUMN risk.delivery.held_until IS 'end of its lease, UTC; another may take over then';

COMMENT ON COLUMN risk.delivery.settled_at IS 'when it was accepted or given up, UTC';

COMMENT ON COLUMN risk.delivery.reason IS 'code of the last failure; NULL: none yet';

COMMENT ON COLUMN risk.delivery.picture IS '"attached" to the text, "followed" it, or why the text went alone; NULL: it had none, or it is still to come';

CREATE TABLE risk.delivery_attempt (
    message_id uuid NOT NULL,
    channel text NOT NULL,
    attempt smallint NOT NULL,
    tried_at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    retry_after_s risk.statistic,
    duration_ms integer NOT NULL,
    CONSTRAINT attempts_count_from_1 CHECK ((attempt >= 1)),
    CONSTRAINT outcome_is_known CHECK ((outcome = ANY (ARRAY['accepted'::text, 'retry'::text, 'failed'::text, 'expired'::text]))),
    CONSTRAINT waits_are_not_negative CHECK (((duration_ms >= 0) AND ((retry_after_s)::double precision >= (0)::double precision)))
);

COMMENT ON TABLE risk.delivery_attempt IS 'One try to hand one message to one channel';

COMMENT ON COLUMN risk.delivery_attempt.message_id IS 'message';

COMMENT ON COLUMN risk.delivery_attempt.channel IS 'name of the channel in the settings';

COMMENT ON COLUMN risk.delivery_attempt.attempt IS '1, 2, …';

COMMENT ON COLUMN risk.delivery_attempt.tried_at IS 'UTC';

COMMENT ON COLUMN risk.delivery_attempt.outcome IS '"accepted", "retry", "failed" or "expired"';

COMMENT ON COLUMN risk.delivery_attempt.reason IS 'code; empty when accepted';

COMMENT ON COLUMN risk.delivery_attempt.retry_after_s IS 'seconds that the channel asked us to wait';

COMMENT ON COLUMN risk.delivery_attempt.duration_ms IS 'milliseconds until the answer';

CREATE TABLE risk.depth (
    symbol text NOT NULL,
    venue text NOT NULL,
    update_id bigint NOT NULL,
    best_bid risk.price NOT NULL,
    best_ask risk.price NOT NULL,
    bid_depth_5_usdt risk.amount NOT NULL,
    ask_depth_5_usdt risk.amount NOT NULL,
    bid_depth_01pct_usdt risk.amount NOT NULL,
    ask_depth_01pct_usdt risk.amount NOT NULL,
    bid_depth_1pct_usdt risk.amount NOT NULL,
    ask_depth_1pct_usdt risk.amount NOT NULL,
    bid_reach risk.statistic NOT NULL,
    ask_reach risk.statistic NOT NULL,
    sell_slippage double precision[] NOT NULL,
    buy_slippage double precision[] NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT buy_slippage_is_finite CHECK ((NOT (('NaN'::double precision = ANY (buy_slippage)) OR ('Infinity'::double precision = ANY (buy_slippage)) OR ('-Infinity'::double precision = ANY (buy_slippage))))),
    CONSTRAINT depths_are_not_negative CHECK (((LEAST(bid_depth_5_usdt, ask_depth_5_usdt, bid_depth_01pct_usdt, ask_depth_01pct_usdt, bid_depth_1pct_usdt, ask_depth_1pct_usdt))::numeric >= (0)::numeric)),
    CONSTRAINT quotes_do_not_cross CHECK (((best_bid)::numeric < (best_ask)::numeric)),
    CONSTRAINT reach_is_not_negative CHECK ((((bid_reach)::double precision >= (0)::double precision) AND ((ask_reach)::double precision >= (0)::double precision))),
    CONSTRAINT sell_slippage_is_finite CHECK ((NOT (('NaN'::double precision = ANY (sell_slippage)) OR ('Infinity'::double precision = ANY (sell_slippage)) OR ('-Infinity'::double precision = ANY (sell_slippage)))))
)
PARTITION BY RANGE (event_at);

COMMENT ON TABLE risk.depth IS 'Best prices, nearby depth and the cost of market orders, of one book at one instant';

COMMENT ON COLUMN risk.depth.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.depth.venue IS '"usdm" or "spot"';

COMMENT ON COLUMN risk.depth.update_id IS 'last update in the book';

COMMENT ON COLUMN risk.depth.best_bid IS 'USDT per coin';

COMMENT ON COLUMN risk.depth.best_ask IS 'USDT per coin';

COMMENT ON COLUMN risk.depth.bid_depth_5_usdt IS 'USDT in the best five bids';

COMMENT ON COLUMN risk.depth.ask_depth_5_usdt IS 'USDT in the best five asks';

COMMENT ON COLUMN risk.depth.bid_depth_01pct_usdt IS 'USDT of bids within 0.1 % of mid';

COMMENT ON COLUMN risk.depth.ask_depth_01pct_usdt IS 'USDT of asks within 0.1 % of mid';

COMMENT ON COLUMN risk.depth.bid_depth_1pct_usdt IS 'USDT of bids within 1 % of mid, as far as the book reaches';

COMMENT ON COLUMN risk.depth.ask_depth_1pct_usdt IS 'USDT of asks within 1 % of mid, as far as the book reaches';

COMMENT ON COLUMN risk.depth.bid_reach IS 'fraction of mid up to which bids are really known';

COMMENT ON COLUMN risk.depth.ask_reach IS 'fraction of mid up to which asks are really known';

COMMENT ON COLUMN risk.depth.sell_slippage IS 'fraction of mid lost by selling each notional of the ladder at market; NULL: the book ends first';

COMMENT ON COLUMN risk.depth.buy_slippage IS 'fraction of mid lost by buying each notional of the ladder at market; NULL: the book ends first';

COMMENT ON COLUMN risk.depth.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.depth.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.depth.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.depth_default (
    symbol text CONSTRAINT depth_symbol_not_null NOT NULL,
    venue text CONSTRAINT depth_venue_not_null NOT NULL,
    update_id bigint CONSTRAINT depth_update_id_not_null NOT NULL,
    best_bid risk.price CONSTRAINT depth_best_bid_not_null NOT NULL,
    best_ask risk.price CONSTRAINT depth_best_ask_not_null NOT NULL,
    bid_depth_5_usdt risk.amount CONSTRAINT depth_bid_depth_5_usdt_not_null NOT NULL,
    ask_depth_5_usdt risk.amount CONSTRAINT depth_ask_depth_5_usdt_not_null NOT NULL,
    bid_depth_01pct_usdt risk.amount CONSTRAINT depth_bid_depth_01pct_usdt_not_null NOT NULL,
    ask_depth_01pct_usdt risk.amount CONSTRAINT depth_ask_depth_01pct_usdt_not_null NOT NULL,
    bid_depth_1pct_usdt risk.amount CONSTRAINT depth_bid_depth_1pct_usdt_not_null NOT NULL,
    ask_depth_1pct_usdt risk.amount CONSTRAINT depth_ask_depth_1pct_usdt_not_null NOT NULL,
    bid_reach risk.statistic CONSTRAINT depth_bid_reach_not_null NOT NULL,
    ask_reach risk.statistic CONSTRAINT depth_ask_reach_not_null NOT NULL,
    sell_slippage double precision[] CONSTRAINT depth_sell_slippage_not_null NOT NULL,
    buy_slippage double precision[] CONSTRAINT depth_buy_slippage_not_null NOT NULL,
    event_at timestamp with time zone CONSTRAINT depth_event_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT depth_received_at_not_null NOT NULL,
    source text CONSTRAINT depth_source_not_null NOT NULL,
    CONSTRAINT buy_slippage_is_finite CHECK ((NOT (('NaN'::double precision = ANY (buy_slippage)) OR ('Infinity'::double precision = ANY (buy_slippage)) OR ('-Infinity'::double precision = ANY (buy_slippage))))),
    CONSTRAINT depths_are_not_negative CHECK (((LEAST(bid_depth_5_usdt, ask_depth_5_usdt, bid_depth_01pct_usdt, ask_depth_01pct_usdt, bid_depth_1pct_usdt, ask_depth_1pct_usdt))::numeric >= (0)::numeric)),
    CONSTRAINT quotes_do_not_cross CHECK (((best_bid)::numeric < (best_ask)::numeric)),
    CONSTRAINT reach_is_not_negative CHECK ((((bid_reach)::double precision >= (0)::double precision) AND ((ask_reach)::double precision >= (0)::double precision))),
    CONSTRAINT sell_slippage_is_finite CHECK ((NOT (('NaN'::double precision = ANY (sell_slippage)) OR ('Infinity'::double precision = ANY (sell_slippage)) OR ('-Infinity'::double precision = ANY (sell_slippage)))))
);

COMMENT ON TABLE risk.depth_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.depth_hour (
    symbol text NOT NULL,
    venue text NOT NULL,
    hour_at timestamp with time zone NOT NULL,
    samples integer NOT NULL,
    mid_open risk.price NOT NULL,
    mid_close risk.price NOT NULL,
    spread_mean risk.statistic NOT NULL,
    spread_max risk.statistic NOT NULL,
    depth_01pct_mean_usdt risk.amount NOT NULL,
    depth_1pct_mean_usdt risk.amount NOT NULL,
    depth_1pct_min_usdt risk.amount NOT NULL,
    reach_min risk.statistic NOT NULL,
    slippage_100k_mean risk.statistic,
    slippage_100k_max risk.statistic
);

COMMENT ON TABLE risk.depth_hour IS 'Depth rolled up by hour; kept when the samples are dropped';

COMMENT ON COLUMN risk.depth_hour.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.depth_hour.venue IS '"usdm" or "spot"';

COMMENT ON COLUMN risk.depth_hour.hour_at IS 'begin of the hour, UTC';

COMMENT ON COLUMN risk.depth_hour.samples IS 'samples in it';

COMMENT ON COLUMN risk.depth_hour.mid_open IS 'USDT per coin; first mid';

COMMENT ON COLUMN risk.depth_hour.mid_close IS 'USDT per coin; last mid';

COMMENT ON COLUMN risk.depth_hour.spread_mean IS 'fraction of mid';

COMMENT ON COLUMN risk.depth_hour.spread_max IS 'fraction of mid';

COMMENT ON COLUMN risk.depth_hour.depth_01pct_mean_usdt IS 'USDT within 0.1 % of mid on the thinner side';

COMMENT ON COLUMN risk.depth_hour.depth_1pct_mean_usdt IS 'USDT within 1 % of mid on the thinner side';

COMMENT ON COLUMN risk.depth_hour.depth_1pct_min_usdt IS 'USDT; the least of it';

COMMENT ON COLUMN risk.depth_hour.reach_min IS 'fraction of mid; the least that the book was really known';

COMMENT ON COLUMN risk.depth_hour.slippage_100k_mean IS 'fraction of mid lost by a market order of 100,000 USDT, dearer side; NULL: a book ended first';

COMMENT ON COLUMN risk.depth_hour.slippage_100k_max IS 'the worst of it';

CREATE TABLE risk.depth_minute (
    symbol text NOT NULL,
    venue text NOT NULL,
    minute_at timestamp with time zone NOT NULL,
    samples integer NOT NULL,
    mid_open risk.price NOT NULL,
    mid_close risk.price NOT NULL,
    spread_mean risk.statistic NOT NULL,
    spread_max risk.statistic NOT NULL,
    depth_01pct_mean_usdt risk.amount NOT NULL,
    depth_1pct_mean_usdt risk.amount NOT NULL,
    depth_1pct_min_usdt risk.amount NOT NULL,
    reach_min risk.statistic NOT NULL,
    slippage_100k_mean risk.statistic,
    slippage_100k_max risk.statistic
);

COMMENT ON TABLE risk.depth_minute IS 'Depth rolled up by minute; kept when the samples are dropped';

COMMENT ON COLUMN risk.depth_minute.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.depth_minute.venue IS '"usdm" or "spot"';

COMMENT ON COLUMN risk.depth_minute.minute_at IS 'begin of the minute, UTC';

COMMENT ON COLUMN risk.depth_minute.samples IS 'samples in it';

COMMENT ON COLUMN risk.depth_minute.mid_open IS 'USDT per coin; first mid';

COMMENT ON COLUMN risk.depth_minute.mid_close IS 'USDT per coin; last mid';

COMMENT ON COLUMN risk.depth_minute.spread_mean IS 'fraction of mid';

COMMENT ON COLUMN risk.depth_minute.spread_max IS 'fraction of mid';

COMMENT ON COLUMN risk.depth_minute.depth_01pct_mean_usdt IS 'USDT within 0.1 % of mid on the thinner side';

COMMENT ON COLUMN risk.depth_minute.depth_1pct_mean_usdt IS 'USDT within 1 % of mid on the thinner side';

COMMENT ON COLUMN risk.depth_minute.depth_1pct_min_usdt IS 'USDT; the least of it';

COMMENT ON COLUMN risk.depth_minute.reach_min IS 'fraction of mid; the least that the book was really known';

COMMENT ON COLUMN risk.depth_minute.slippage_100k_mean IS 'fraction of mid lost by a market order of 100,000 USDT, dearer side; NULL: a book ended first';

COMMENT ON COLUMN risk.depth_minute.slippage_100k_max IS 'the worst of it';

CREATE TABLE risk.divergence (
    symbol text NOT NULL,
    "interval" text NOT NULL,
    indicator text NOT NULL,
    kind text NOT NULL,
    first_pivot_at timestamp with time zone NOT NULL,
    second_pivot_at timestamp with time zone NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT pivots_are_in_order CHECK ((first_pivot_at < second_pivot_at))
);

COMMENT ON TABLE risk.divergence IS 'Price and indicator disagree over two confirmed pivots; event_at is the later bar''s close';

COMMENT ON COLUMN risk.divergence.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.divergence."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.divergence.indicator IS '"rsi" or "macd"';

COMMENT ON COLUMN risk.divergence.kind IS '"bearish" or "bullish"';

COMMENT ON COLUMN risk.divergence.first_pivot_at IS 'close of the earlier pivot, UTC';

COMMENT ON COLUMN risk.divergence.second_pivot_at IS 'close of the later pivot, UTC';

COMMENT ON COLUMN risk.divergence.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.divergence.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.divergence.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.equity_hour (
    account text NOT NULL,
    hour_at timestamp with time zone NOT NULL,
    peak_usdt risk.amount NOT NULL,
    peak_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE risk.equity_hour IS 'Highest margin balance of each hour, for the drawdown from the peak';

COMMENT ON COLUMN risk.equity_hour.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.equity_hour.hour_at IS 'begin of the hour, UTC';

COMMENT ON COLUMN risk.equity_hour.peak_usdt IS 'USDT; highest margin balance';

COMMENT ON COLUMN risk.equity_hour.peak_at IS 'when, UTC';

CREATE TABLE risk.income (
    account text NOT NULL,
    transaction_id text NOT NULL,
    income_type text NOT NULL,
    symbol text NOT NULL,
    asset text NOT NULL,
    amount risk.amount NOT NULL,
    info text NOT NULL,
    trade_id text NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL
);

COMMENT ON TABLE risk.income IS 'One line of the account''s ledger, in the row''s own asset';

COMMENT ON COLUMN risk.income.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.income.transaction_id IS 'the exchange''s number';

COMMENT ON COLUMN risk.income.income_type IS '"FUNDING_FEE", "TRANSFER", "REALIZED_PNL", …';

COMMENT ON COLUMN risk.income.symbol IS 'contract; empty for transfers';

COMMENT ON COLUMN risk.income.asset IS 'asset of the amount';

COMMENT ON COLUMN risk.income.amount IS 'in that asset; negative: paid';

COMMENT ON COLUMN risk.income.info IS 'the exchange''s note';

COMMENT ON COLUMN risk.income.trade_id IS 'empty where there is no trade';

COMMENT ON COLUMN risk.income.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.income.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.income.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_account (
    account text NOT NULL,
    is_multi_assets boolean NOT NULL,
    is_hedge_mode boolean NOT NULL,
    wallet_usdt risk.amount NOT NULL,
    cross_wallet_usdt risk.amount NOT NULL,
    cross_unrealized_usdt risk.amount NOT NULL,
    unrealized_usdt risk.amount NOT NULL,
    margin_balance_usdt risk.amount NOT NULL,
    maintenance_usdt risk.amount NOT NULL,
    cross_maintenance_usdt risk.amount NOT NULL,
    initial_usdt risk.amount NOT NULL,
    available_usdt risk.amount NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT margins_are_not_negative CHECK ((((maintenance_usdt)::numeric >= (0)::numeric) AND ((cross_maintenance_usdt)::numeric >= (0)::numeric) AND ((initial_usdt)::numeric >= (0)::numeric)))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_account IS 'The newest row of account; what scoring reads';

COMMENT ON COLUMN risk.latest_account.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.latest_account.is_multi_assets IS 'several assets serve as margin together';

COMMENT ON COLUMN risk.latest_account.is_hedge_mode IS 'long and short of a symbol at the same time';

COMMENT ON COLUMN risk.latest_account.wallet_usdt IS 'USDT; balance without open profit';

COMMENT ON COLUMN risk.latest_account.cross_wallet_usdt IS 'USDT; the part not locked in isolated positions';

COMMENT ON COLUMN risk.latest_account.cross_unrealized_usdt IS 'USDT; open profit of cross positions';

COMMENT ON COLUMN risk.latest_account.unrealized_usdt IS 'USDT; open profit of all positions';

COMMENT ON COLUMN risk.latest_account.margin_balance_usdt IS 'USDT; wallet plus open profit';

COMMENT ON COLUMN risk.latest_account.maintenance_usdt IS 'USDT; maintenance margin of all positions';

COMMENT ON COLUMN risk.latest_account.cross_maintenance_usdt IS 'USDT; maintenance margin of cross positions';

COMMENT ON COLUMN risk.latest_account.initial_usdt IS 'USDT; initial margin in use';

COMMENT ON COLUMN risk.latest_account.available_usdt IS 'USDT; free for new positions';

COMMENT ON COLUMN risk.latest_account.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_account.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_account.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE VIEW risk.transfer AS
 SELECT account,
    event_at,
    (amount)::double precision AS amount_usdt
   FROM risk.income n
  WHERE (((income_type ~~ '%TRANSFER'::text) OR (income_type = ANY (ARRAY['COIN_SWAP_DEPOSIT'::text, 'COIN_SWAP_WITHDRAW'::text]))) AND ((asset = 'USDT'::text) OR ((asset = 'USDC'::text) AND (EXISTS ( SELECT
           FROM risk.latest_account c
          WHERE ((c.account = n.account) AND c.is_multi_assets))))));

COMMENT ON VIEW risk.transfer IS 'Transfers that move the account''s totals: USDT, in multi-assets mode USDC too, one to one';

COMMENT ON COLUMN risk.transfer.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.transfer.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.transfer.amount_usdt IS 'USDT; in is above zero';

CREATE VIEW risk.drawdown AS
 SELECT a.account,
    (a.margin_balance_usdt)::double precision AS equity_usdt,
    p.peak_usdt,
    p.peak_at,
    p.transferred_usdt,
    ((1)::double precision - ((a.margin_balance_usdt)::double precision / NULLIF(p.peak_usdt, (0)::double precision))) AS drawdown,
    a.event_at
   FROM (risk.latest_account a
     JOIN LATERAL ( SELECT ((h.peak_usdt)::double precision + t.transferred_usdt) AS peak_usdt,
            h.peak_at,
            t.transferred_usdt
           FROM (risk.equity_hour h
             CROSS JOIN LATERAL ( SELECT COALESCE(sum(n.amount_usdt), (0)::double precision) AS transferred_usdt
                   FROM risk.transfer n
                  WHERE ((n.account = h.account) AND (n.event_at > h.peak_at) AND (n.event_at <= a.event_at))) t)
          WHERE ((h.account = a.account) AND (h.hour_at > (a.event_at - make_interval(days => 7))))
          ORDER BY ((h.peak_usdt)::double precision + t.transferred_usdt) DESC
         LIMIT 1) p ON (true));

COMMENT ON VIEW risk.drawdown IS 'Fall of equity (with open profit, without transfers) from its highest of 7 days';

COMMENT ON COLUMN risk.drawdown.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.drawdown.equity_usdt IS 'USDT; margin balance now';

COMMENT ON COLUMN risk.drawdown.peak_usdt IS 'USDT; the peak, with what was transferred since';

COMMENT ON COLUMN risk.drawdown.peak_at IS 'UTC';

COMMENT ON COLUMN risk.drawdown.transferred_usdt IS 'USDT; transferred in minus out since the peak';

COMMENT ON COLUMN risk.drawdown.drawdown IS 'fraction of the peak; below zero: a new peak';

COMMENT ON COLUMN risk.drawdown.event_at IS 'time of the account''s newest answer, UTC';

CREATE TABLE risk.exchange_ban (
    host text NOT NULL,
    until timestamp with time zone NOT NULL,
    reason text NOT NULL,
    noted_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE risk.exchange_ban IS 'No request to this host before its end; outlives a restart';

COMMENT ON COLUMN risk.exchange_ban.host IS 'name of the host';

COMMENT ON COLUMN risk.exchange_ban.until IS 'end, UTC';

COMMENT ON COLUMN risk.exchange_ban.reason IS 'the exchange''s words';

COMMENT ON COLUMN risk.exchange_ban.noted_at IS 'UTC';

CREATE TABLE risk.fact (
    name text NOT NULL,
    value risk.statistic NOT NULL,
    updated_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.fact IS 'Named numbers that scoring takes along, e.g. equity_now';

COMMENT ON COLUMN risk.fact.name IS 'name; ends with its unit where it has one';

COMMENT ON COLUMN risk.fact.value IS 'in the unit of the name; times in seconds since 1970; truths as 0 or 1';

COMMENT ON COLUMN risk.fact.updated_at IS 'UTC';

CREATE TABLE risk.flow_progress (
    flow text NOT NULL,
    scope text NOT NULL,
    cursor_at timestamp with time zone,
    done bigint NOT NULL,
    total bigint NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT progress_is_not_negative CHECK (((done >= 0) AND (total >= 0)))
);

COMMENT ON TABLE risk.flow_progress IS 'How far a resumable flow has come';

COMMENT ON COLUMN risk.flow_progress.flow IS 'name of the flow';

COMMENT ON COLUMN risk.flow_progress.scope IS 'part of its work, e.g. "BTCUSDT/15m"';

COMMENT ON COLUMN risk.flow_progress.cursor_at IS 'everything before is stored, UTC';

COMMENT ON COLUMN risk.flow_progress.done IS 'steps done';

COMMENT ON COLUMN risk.flow_progress.total IS 'steps in all';

COMMENT ON COLUMN risk.flow_progress.updated_at IS 'UTC';

CREATE TABLE risk.funding (
    symbol text NOT NULL,
    funding_rate risk.statistic NOT NULL,
    interval_hours smallint NOT NULL,
    mark_price risk.price,
    rate_type text NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT interval_is_positive CHECK ((interval_hours > 0))
);

COMMENT ON TABLE risk.funding IS 'A settled funding rate; event_at is the settlement';

COMMENT ON COLUMN risk.funding.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.funding.funding_rate IS 'fraction per interval';

COMMENT ON COLUMN risk.funding.interval_hours IS 'hours since the settlement before';

COMMENT ON COLUMN risk.funding.mark_price IS 'USDT per coin at settlement';

COMMENT ON COLUMN risk.funding.rate_type IS '"Regular" or "Special"';

COMMENT ON COLUMN risk.funding.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.funding.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.funding.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_funding_terms (
    symbol text NOT NULL,
    interval_hours smallint NOT NULL,
    rate_cap risk.statistic,
    rate_floor risk.statistic,
    changed_at timestamp with time zone,
    interval_hours_before smallint,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT floor_lies_below_cap CHECK (((rate_floor)::double precision < (rate_cap)::double precision)),
    CONSTRAINT interval_is_positive CHECK ((interval_hours > 0))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_funding_terms IS 'The newest row of funding_terms in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_funding_terms.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_funding_terms.interval_hours IS 'hours between settlements';

COMMENT ON COLUMN risk.latest_funding_terms.rate_cap IS 'fraction per interval; highest rate';

COMMENT ON COLUMN risk.latest_funding_terms.rate_floor IS 'fraction per interval; lowest rate';

COMMENT ON COLUMN risk.latest_funding_terms.changed_at IS 'when the interval last changed, UTC; NULL: never seen to';

COMMENT ON COLUMN risk.latest_funding_terms.interval_hours_before IS 'hours between settlements before that change';

COMMENT ON COLUMN risk.latest_funding_terms.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_funding_terms.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_funding_terms.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_mark (
    symbol text NOT NULL,
    mark_price risk.statistic NOT NULL,
    index_price risk.statistic NOT NULL,
    funding_rate risk.statistic NOT NULL,
    next_funding_at timestamp with time zone,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_mark IS 'The newest row of mark in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_mark.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_mark.mark_price IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_mark.index_price IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_mark.funding_rate IS 'fraction per interval, predicted';

COMMENT ON COLUMN risk.latest_mark.next_funding_at IS 'next settlement, UTC';

COMMENT ON COLUMN risk.latest_mark.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_mark.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_mark.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_position (
    account text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    quantity risk.amount NOT NULL,
    entry_price risk.price NOT NULL,
    break_even_price risk.amount,
    mark_price risk.price NOT NULL,
    notional_usdt risk.amount NOT NULL,
    unrealized_usdt risk.amount NOT NULL,
    is_isolated boolean NOT NULL,
    isolated_wallet_usdt risk.amount NOT NULL,
    leverage smallint,
    initial_usdt risk.amount NOT NULL,
    maintenance_usdt risk.amount NOT NULL,
    adl_rank smallint,
    exchange_liquidation_price risk.price,
    liquidation_price risk.statistic,
    liquidation_reason text NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    pool_wallet_usdt risk.statistic,
    other_maintenance_usdt risk.statistic,
    other_unrealized_usdt risk.statistic,
    liquidation_tier smallint,
    liquidation_rate risk.statistic,
    liquidation_cum_usdt risk.statistic,
    liquidation_difference risk.statistic,
    distance risk.statistic,
    distance_sigmas risk.statistic,
    exit_slippage risk.statistic,
    can_exit boolean,
    CONSTRAINT adl_rank_is_between_0_and_4 CHECK (((adl_rank >= 0) AND (adl_rank <= 4))),
    CONSTRAINT distance_is_not_negative CHECK (((distance)::double precision >= (0)::double precision)),
    CONSTRAINT leverage_is_positive CHECK ((leverage > 0)),
    CONSTRAINT liquidation_price_is_positive CHECK (((liquidation_price)::double precision > (0)::double precision)),
    CONSTRAINT position_is_open CHECK (((quantity)::numeric <> (0)::numeric)),
    CONSTRAINT side_is_known CHECK ((side = ANY (ARRAY['BOTH'::text, 'LONG'::text, 'SHORT'::text]))),
    CONSTRAINT tiers_count_from_1 CHECK ((liquidation_tier >= 1))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_position IS 'The newest row of position; what scoring reads';

COMMENT ON COLUMN risk.latest_position.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.latest_position.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_position.side IS '"BOTH", "LONG" or "SHORT"';

COMMENT ON COLUMN risk.latest_position.quantity IS 'coins, signed';

COMMENT ON COLUMN risk.latest_position.entry_price IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_position.break_even_price IS 'USDT per coin, with fees';

COMMENT ON COLUMN risk.latest_position.mark_price IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_position.notional_usdt IS 'USDT at mark, signed';

COMMENT ON COLUMN risk.latest_position.unrealized_usdt IS 'USDT; open profit';

COMMENT ON COLUMN risk.latest_position.is_isolated IS 'margin of its own';

COMMENT ON COLUMN risk.latest_position.isolated_wallet_usdt IS 'USDT; its own margin, 0 for cross';

COMMENT ON COLUMN risk.latest_position.leverage IS 'times, as set';

COMMENT ON COLUMN risk.latest_position.initial_usdt IS 'USDT; initial margin';

COMMENT ON COLUMN risk.latest_position.maintenance_usdt IS 'USDT; maintenance margin';

COMMENT ON COLUMN risk.latest_position.adl_rank IS '0 to 4; 4 is closed first';

COMMENT ON COLUMN risk.latest_position.exchange_liquidation_price IS 'USDT per coin; NULL: the exchange shows none';

COMMENT ON COLUMN risk.latest_position.liquidation_price IS 'USDT per coin, by our own formula; NULL: none at a positive price';

COMMENT ON COLUMN risk.latest_position.liquidation_reason IS 'how ours came about, or why there is none';

COMMENT ON COLUMN risk.latest_position.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_position.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_position.source IS '"rest", "stream", "archive", "import" or "derived"';

COMMENT ON COLUMN risk.latest_position.pool_wallet_usdt IS 'USDT; wallet that carried the position in our computation; NULL: not computed';

COMMENT ON COLUMN risk.latest_position.other_maintenance_usdt IS 'USDT; maintenance of all other cross positions at their marks, in our computation';

COMMENT ON COLUMN risk.latest_position.other_unrealized_usdt IS 'USDT; open profit of all other cross positions, in our computation';

COMMENT ON COLUMN risk.latest_position.liquidation_tier IS 'tier of the ladder at our price, from 1; NULL: no price';

COMMENT ON COLUMN risk.latest_position.liquidation_rate IS 'maintenance rate of that tier, fraction';

COMMENT ON COLUMN risk.latest_position.liquidation_cum_usdt IS 'USDT; what that tier deducts (cum)';

COMMENT ON COLUMN risk.latest_position.liquidation_difference IS 'our price over the exchange''s, minus 1; NULL: one of them has none';

COMMENT ON COLUMN risk.latest_position.distance IS 'share that the mark must move to the nearer of both prices; 0: there already; NULL: no price';

COMMENT ON COLUMN risk.latest_position.distance_sigmas IS 'that distance in forecast daily moves; NULL: no price or no fresh forecast';

COMMENT ON COLUMN risk.latest_position.exit_slippage IS 'cost of closing all of it at market, fraction of mid; NULL: no fresh book';

COMMENT ON COLUMN risk.latest_position.can_exit IS 'whether that cost is at most half the distance; NULL: unknown';

CREATE VIEW risk.funding_payment AS
 SELECT p.account,
    p.symbol,
    p.side,
    p.notional_usdt,
    m.funding_rate AS rate,
    t.interval_hours,
    m.next_funding_at,
    (((p.quantity)::double precision * (m.mark_price)::double precision) * (m.funding_rate)::double precision) AS next_payment_usdt,
    (((((p.quantity)::double precision * (m.mark_price)::double precision) * (m.funding_rate)::double precision) * (24)::double precision) / (t.interval_hours)::double precision) AS per_day_usdt,
    t.rate_cap,
    t.rate_floor,
        CASE
            WHEN ((p.quantity)::numeric > (0)::numeric) THEN ((t.rate_cap)::double precision - (m.funding_rate)::double precision)
            ELSE ((m.funding_rate)::double precision - (t.rate_floor)::double precision)
        END AS rate_to_cap,
    (((((p.quantity)::double precision * (m.mark_price)::double precision) * (
        CASE
            WHEN ((p.quantity)::numeric > (0)::numeric) THEN t.rate_cap
            ELSE t.rate_floor
        END)::double precision) * (24)::double precision) / (t.interval_hours)::double precision) AS worst_per_day_usdt,
        CASE
            WHEN (t.interval_hours_before <> t.interval_hours) THEN t.interval_hours_before
            ELSE NULL::smallint
        END AS interval_hours_before,
        CASE
            WHEN (t.interval_hours_before <> t.interval_hours) THEN t.changed_at
            ELSE NULL::timestamp with time zone
        END AS interval_changed_at,
    m.event_at
   FROM ((risk.latest_position p
     LEFT JOIN risk.latest_mark m ON ((m.symbol = p.symbol)))
     LEFT JOIN risk.latest_funding_terms t ON ((t.symbol = p.symbol)));

COMMENT ON VIEW risk.funding_payment IS 'Funding of each open position as money, at the running rate';

COMMENT ON COLUMN risk.funding_payment.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.funding_payment.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.funding_payment.side IS '"BOTH", "LONG" or "SHORT"';

COMMENT ON COLUMN risk.funding_payment.notional_usdt IS 'USDT at mark, signed';

COMMENT ON COLUMN risk.funding_payment.rate IS 'running rate for the next settlement, fraction per interval';

COMMENT ON COLUMN risk.funding_payment.interval_hours IS 'hours between settlements; NULL: unknown';

COMMENT ON COLUMN risk.funding_payment.next_funding_at IS 'next settlement, UTC';

COMMENT ON COLUMN risk.funding_payment.next_payment_usdt IS 'USDT that the next settlement takes; below zero it pays';

COMMENT ON COLUMN risk.funding_payment.per_day_usdt IS 'USDT a day at the running rate; below zero it earns; NULL: interval unknown';

COMMENT ON COLUMN risk.funding_payment.rate_cap IS 'highest rate, fraction per interval; NULL: the exchange names none';

COMMENT ON COLUMN risk.funding_payment.rate_floor IS 'lowest rate, fraction per interval';

COMMENT ON COLUMN risk.funding_payment.rate_to_cap IS 'how far the rate may still move against the position, fraction per interval';

COMMENT ON COLUMN risk.funding_payment.worst_per_day_usdt IS 'USDT a day at the cap that is against the position';

COMMENT ON COLUMN risk.funding_payment.interval_hours_before IS 'hours before the last change; NULL: none is known';

COMMENT ON COLUMN risk.funding_payment.interval_changed_at IS 'when the interval changed, UTC; NULL: none is known';

COMMENT ON COLUMN risk.funding_payment.event_at IS 'time of the mark, UTC';

CREATE VIEW risk.funding_book AS
 SELECT f.account,
    count(*) AS positions,
    min(f.next_funding_at) AS next_funding_at,
    sum(f.next_payment_usdt) FILTER (WHERE (f.next_funding_at = n.next_funding_at)) AS next_payment_usdt,
        CASE
            WHEN bool_and((f.per_day_usdt IS NOT NULL)) THEN sum(f.per_day_usdt)
            ELSE NULL::double precision
        END AS per_day_usdt,
        CASE
            WHEN (bool_and((f.per_day_usdt IS NOT NULL)) AND (min((a.margin_balance_usdt)::numeric) > (0)::numeric)) THEN (sum(f.per_day_usdt) / (min((a.margin_balance_usdt)::numeric))::double precision)
            ELSE NULL::double precision
        END AS per_day_of_equity,
    min(f.event_at) AS event_at
   FROM ((risk.funding_payment f
     JOIN risk.latest_account a ON ((a.account = f.account)))
     JOIN ( SELECT x.account,
            min(x.next_funding_at) AS next_funding_at
           FROM risk.funding_payment x
          GROUP BY x.account) n ON ((n.account = f.account)))
  GROUP BY f.account;

COMMENT ON VIEW risk.funding_book IS 'Funding of an account''s whole book';

COMMENT ON COLUMN risk.funding_book.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.funding_book.positions IS 'open positions';

COMMENT ON COLUMN risk.funding_book.next_funding_at IS 'nearest settlement, UTC';

COMMENT ON COLUMN risk.funding_book.next_payment_usdt IS 'USDT that the nearest settlement takes; below zero it pays';

COMMENT ON COLUMN risk.funding_book.per_day_usdt IS 'USDT a day at the running rates; NULL: an interval is unknown';

COMMENT ON COLUMN risk.funding_book.per_day_of_equity IS 'that, as a fraction of equity';

COMMENT ON COLUMN risk.funding_book.event_at IS 'time of the oldest mark in it, UTC';

CREATE TABLE risk.funding_terms (
    symbol text NOT NULL,
    interval_hours smallint NOT NULL,
    rate_cap risk.statistic,
    rate_floor risk.statistic,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT floor_lies_below_cap CHECK (((rate_floor)::double precision < (rate_cap)::double precision)),
    CONSTRAINT interval_is_positive CHECK ((interval_hours > 0))
);

COMMENT ON TABLE risk.funding_terms IS 'Settlement interval and caps; a row is stored when they change';

COMMENT ON COLUMN risk.funding_terms.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.funding_terms.interval_hours IS 'hours between settlements';

COMMENT ON COLUMN risk.funding_terms.rate_cap IS 'fraction per interval; highest rate';

COMMENT ON COLUMN risk.funding_terms.rate_floor IS 'fraction per interval; lowest rate';

COMMENT ON COLUMN risk.funding_terms.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.funding_terms.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.funding_terms.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.heartbeat (
    part text NOT NULL,
    beat_at timestamp with time zone NOT NULL,
    details jsonb NOT NULL
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.heartbeat IS 'Last sign of life of each part';

COMMENT ON COLUMN risk.heartbeat.part IS 'name of the part';

COMMENT ON COLUMN risk.heartbeat.beat_at IS 'UTC';

COMMENT ON COLUMN risk.heartbeat.details IS 'what it says of itself';

CREATE VIEW risk.income_day AS
 SELECT i.account,
    ((i.event_at AT TIME ZONE 'UTC'::text))::date AS day,
    i.asset,
    sum((i.amount)::numeric) FILTER (WHERE k.is_transfer) AS transferred,
    sum((i.amount)::numeric) FILTER (WHERE (i.income_type ~~ '%FUNDING_FEE'::text)) AS funding,
    sum((i.amount)::numeric) FILTER (WHERE (i.income_type = 'REALIZED_PNL'::text)) AS realized,
    sum((i.amount)::numeric) FILTER (WHERE (i.income_type = 'COMMISSION'::text)) AS commission,
    sum((i.amount)::numeric) FILTER (WHERE (NOT k.is_transfer)) AS earned
   FROM (risk.income i
     CROSS JOIN LATERAL ( SELECT ((i.income_type ~~ '%TRANSFER'::text) OR (i.income_type = ANY (ARRAY['COIN_SWAP_DEPOSIT'::text, 'COIN_SWAP_WITHDRAW'::text]))) AS is_transfer) k)
  GROUP BY i.account, (((i.event_at AT TIME ZONE 'UTC'::text))::date), i.asset;

COMMENT ON VIEW risk.income_day IS 'The account''s ledger by day and asset; what came and went by transfer is no income';

COMMENT ON COLUMN risk.income_day.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.income_day.day IS 'UTC';

COMMENT ON COLUMN risk.income_day.asset IS 'the amounts are in this asset';

COMMENT ON COLUMN risk.income_day.transferred IS 'in minus out; NULL: none';

COMMENT ON COLUMN risk.income_day.funding IS 'received minus paid; NULL: none';

COMMENT ON COLUMN risk.income_day.realized IS 'profit of closed positions; NULL: none';

COMMENT ON COLUMN risk.income_day.commission IS 'below zero: paid; NULL: none';

COMMENT ON COLUMN risk.income_day.earned IS 'everything but transfers; NULL: none';

CREATE TABLE risk.indicator (
    symbol text NOT NULL,
    "interval" text NOT NULL,
    close risk.price NOT NULL,
    atr_ratio risk.statistic,
    rsi risk.statistic,
    macd risk.statistic,
    macd_signal risk.statistic,
    macd_histogram risk.statistic,
    realised risk.statistic,
    vol_ratio risk.statistic,
    kline_spread risk.statistic,
    volume_ratio risk.statistic,
    kline_risk risk.statistic,
    beta risk.statistic,
    sigma_24h risk.statistic,
    sigma_method text,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT rsi_is_between_0_and_100 CHECK ((((rsi)::double precision >= (0)::double precision) AND ((rsi)::double precision <= (100)::double precision))),
    CONSTRAINT spreads_are_not_negative CHECK (((LEAST(atr_ratio, realised, vol_ratio, kline_spread, volume_ratio, kline_risk, sigma_24h))::double precision >= (0)::double precision))
);

COMMENT ON TABLE risk.indicator IS 'Measures of one symbol at one bar''s close (event_at); NULL: not enough bars';

COMMENT ON COLUMN risk.indicator.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.indicator."interval" IS '"15m", "1h" or "1d"';

COMMENT ON COLUMN risk.indicator.close IS 'USDT per coin';

COMMENT ON COLUMN risk.indicator.atr_ratio IS 'fraction; ATR(14) over close';

COMMENT ON COLUMN risk.indicator.rsi IS '0 to 100';

COMMENT ON COLUMN risk.indicator.macd IS 'USDT per coin';

COMMENT ON COLUMN risk.indicator.macd_signal IS 'USDT per coin';

COMMENT ON COLUMN risk.indicator.macd_histogram IS 'USDT per coin';

COMMENT ON COLUMN risk.indicator.realised IS 'fraction; realised volatility of the last day, 15m bars';

COMMENT ON COLUMN risk.indicator.vol_ratio IS 'times; last day over the mean of the 20 days before';

COMMENT ON COLUMN risk.indicator.kline_spread IS 'fraction; (high - low) / close of the bar';

COMMENT ON COLUMN risk.indicator.volume_ratio IS 'times the 20-bar mean volume';

COMMENT ON COLUMN risk.indicator.kline_risk IS 'fraction; kline spread over volume ratio';

COMMENT ON COLUMN risk.indicator.beta IS 'times the move of BTCUSDT, 30 days of 1h returns';

COMMENT ON COLUMN risk.indicator.sigma_24h IS 'fraction; forecast standard deviation of the next 24 h';

COMMENT ON COLUMN risk.indicator.sigma_method IS '"gjr-garch-t" or "ewma"';

COMMENT ON COLUMN risk.indicator.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.indicator.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.indicator.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.instrument (
    symbol text NOT NULL,
    base_asset text NOT NULL,
    quote_asset text NOT NULL,
    margin_asset text NOT NULL,
    contract_type text NOT NULL,
    status text NOT NULL,
    tick_size risk.price NOT NULL,
    step_size risk.price NOT NULL,
    min_quantity risk.amount NOT NULL,
    min_notional_usdt risk.amount NOT NULL,
    liquidation_fee risk.amount NOT NULL,
    onboard_at timestamp with time zone,
    delivery_at timestamp with time zone,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT liquidation_fee_is_a_fraction CHECK ((((liquidation_fee)::numeric >= (0)::numeric) AND ((liquidation_fee)::numeric < (1)::numeric)))
);

COMMENT ON TABLE risk.instrument IS 'Trading rules of one contract, as last fetched';

COMMENT ON COLUMN risk.instrument.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.instrument.base_asset IS 'asset that one coin is of';

COMMENT ON COLUMN risk.instrument.quote_asset IS 'asset that prices are in';

COMMENT ON COLUMN risk.instrument.margin_asset IS 'asset that margin is in';

COMMENT ON COLUMN risk.instrument.contract_type IS '"PERPETUAL", or kind of delivery contract';

COMMENT ON COLUMN risk.instrument.status IS '"TRADING", "SETTLING", "CLOSE", … as the exchange says';

COMMENT ON COLUMN risk.instrument.tick_size IS 'USDT per coin; step of prices';

COMMENT ON COLUMN risk.instrument.step_size IS 'coins; step of quantities';

COMMENT ON COLUMN risk.instrument.min_quantity IS 'coins; smallest order';

COMMENT ON COLUMN risk.instrument.min_notional_usdt IS 'USDT; smallest order';

COMMENT ON COLUMN risk.instrument.liquidation_fee IS 'fraction of notional taken at liquidation';

COMMENT ON COLUMN risk.instrument.onboard_at IS 'first trading day, UTC';

COMMENT ON COLUMN risk.instrument.delivery_at IS 'announced end, UTC; NULL: perpetual without one';

COMMENT ON COLUMN risk.instrument.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.instrument.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.instrument.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.insurance (
    group_key text NOT NULL,
    symbols text[] NOT NULL,
    asset text NOT NULL,
    balance risk.amount NOT NULL,
    value_usd risk.amount,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL
);

COMMENT ON TABLE risk.insurance IS 'One asset of the insurance fund that a group of symbols shares';

COMMENT ON COLUMN risk.insurance.group_key IS 'the group by hash of its symbols';

COMMENT ON COLUMN risk.insurance.symbols IS 'contracts that share the fund';

COMMENT ON COLUMN risk.insurance.asset IS 'asset of the balance';

COMMENT ON COLUMN risk.insurance.balance IS 'in that asset';

COMMENT ON COLUMN risk.insurance.value_usd IS 'USD; NULL: the asset has no index price';

COMMENT ON COLUMN risk.insurance.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.insurance.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.insurance.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.insurance_group (
    symbol text NOT NULL,
    group_key text NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL
);

COMMENT ON TABLE risk.insurance_group IS 'Which insurance fund a symbol shares';

COMMENT ON COLUMN risk.insurance_group.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.insurance_group.group_key IS 'the group';

COMMENT ON COLUMN risk.insurance_group.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.insurance_group.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.insurance_group.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.kline (
    symbol text NOT NULL,
    venue text NOT NULL,
    "interval" text NOT NULL,
    open_at timestamp with time zone NOT NULL,
    open risk.price NOT NULL,
    high risk.price NOT NULL,
    low risk.price NOT NULL,
    close risk.price NOT NULL,
    volume risk.amount NOT NULL,
    quote_volume risk.amount,
    trades bigint,
    taker_buy_volume risk.amount,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT bar_ends_after_it_begins CHECK ((open_at < event_at)),
    CONSTRAINT high_is_the_highest CHECK ((((high)::numeric >= (open)::numeric) AND ((high)::numeric >= (close)::numeric))),
    CONSTRAINT low_is_the_lowest CHECK ((((low)::numeric <= (open)::numeric) AND ((low)::numeric <= (close)::numeric) AND ((low)::numeric <= (high)::numeric))),
    CONSTRAINT volumes_are_not_negative CHECK ((((volume)::numeric >= (0)::numeric) AND ((quote_volume)::numeric >= (0)::numeric) AND ((taker_buy_volume)::numeric >= (0)::numeric) AND (trades >= 0)))
);

COMMENT ON TABLE risk.kline IS 'One closed bar; event_at is its close';

COMMENT ON COLUMN risk.kline.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.kline.venue IS '"usdm" or "spot"';

COMMENT ON COLUMN risk.kline."interval" IS '"15m", "1h" or "1d"';

COMMENT ON COLUMN risk.kline.open_at IS 'begin of the bar, UTC';

COMMENT ON COLUMN risk.kline.open IS 'USDT per coin';

COMMENT ON COLUMN risk.kline.high IS 'USDT per coin';

COMMENT ON COLUMN risk.kline.low IS 'USDT per coin';

COMMENT ON COLUMN risk.kline.close IS 'USDT per coin';

COMMENT ON COLUMN risk.kline.volume IS 'coins';

COMMENT ON COLUMN risk.kline.quote_volume IS 'USDT; NULL where an archive does not tell';

COMMENT ON COLUMN risk.kline.trades IS 'number of trades';

COMMENT ON COLUMN risk.kline.taker_buy_volume IS 'coins bought by takers';

COMMENT ON COLUMN risk.kline.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.kline.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.kline.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_adl_risk (
    symbol text NOT NULL,
    risk text NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT risk_is_known CHECK ((risk = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text])))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_adl_risk IS 'The newest row of adl_risk in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_adl_risk.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_adl_risk.risk IS '"low", "medium" or "high"';

COMMENT ON COLUMN risk.latest_adl_risk.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_adl_risk.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_adl_risk.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_depth (
    symbol text NOT NULL,
    venue text NOT NULL,
    update_id bigint NOT NULL,
    best_bid risk.statistic NOT NULL,
    best_ask risk.statistic NOT NULL,
    bid_depth_5_usdt risk.statistic NOT NULL,
    ask_depth_5_usdt risk.statistic NOT NULL,
    bid_depth_01pct_usdt risk.statistic NOT NULL,
    ask_depth_01pct_usdt risk.statistic NOT NULL,
    bid_depth_1pct_usdt risk.statistic NOT NULL,
    ask_depth_1pct_usdt risk.statistic NOT NULL,
    bid_reach risk.statistic NOT NULL,
    ask_reach risk.statistic NOT NULL,
    sell_slippage double precision[] NOT NULL,
    buy_slippage double precision[] NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT buy_slippage_is_finite CHECK ((NOT (('NaN'::double precision = ANY (buy_slippage)) OR ('Infinity'::double precision = ANY (buy_slippage)) OR ('-Infinity'::double precision = ANY (buy_slippage))))),
    CONSTRAINT depths_are_not_negative CHECK (((LEAST(bid_depth_5_usdt, ask_depth_5_usdt, bid_depth_01pct_usdt, ask_depth_01pct_usdt, bid_depth_1pct_usdt, ask_depth_1pct_usdt))::double precision >= (0)::double precision)),
    CONSTRAINT quotes_do_not_cross CHECK (((best_bid)::double precision < (best_ask)::double precision)),
    CONSTRAINT reach_is_not_negative CHECK ((((bid_reach)::double precision >= (0)::double precision) AND ((ask_reach)::double precision >= (0)::double precision))),
    CONSTRAINT sell_slippage_is_finite CHECK ((NOT (('NaN'::double precision = ANY (sell_slippage)) OR ('Infinity'::double precision = ANY (sell_slippage)) OR ('-Infinity'::double precision = ANY (sell_slippage)))))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_depth IS 'The newest row of depth in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_depth.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_depth.venue IS '"usdm" or "spot"';

COMMENT ON COLUMN risk.latest_depth.update_id IS 'last update in the book';

COMMENT ON COLUMN risk.latest_depth.best_bid IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_depth.best_ask IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_depth.bid_depth_5_usdt IS 'USDT in the best five bids';

COMMENT ON COLUMN risk.latest_depth.ask_depth_5_usdt IS 'USDT in the best five asks';

COMMENT ON COLUMN risk.latest_depth.bid_depth_01pct_usdt IS 'USDT of bids within 0.1 % of mid';

COMMENT ON COLUMN risk.latest_depth.ask_depth_01pct_usdt IS 'USDT of asks within 0.1 % of mid';

COMMENT ON COLUMN risk.latest_depth.bid_depth_1pct_usdt IS 'USDT of bids within 1 % of mid, as far as the book reaches';

COMMENT ON COLUMN risk.latest_depth.ask_depth_1pct_usdt IS 'USDT of asks within 1 % of mid, as far as the book reaches';

COMMENT ON COLUMN risk.latest_depth.bid_reach IS 'fraction of mid up to which bids are really known';

COMMENT ON COLUMN risk.latest_depth.ask_reach IS 'fraction of mid up to which asks are really known';

COMMENT ON COLUMN risk.latest_depth.sell_slippage IS 'fraction of mid lost by selling each notional of the ladder at market; NULL: the book ends first';

COMMENT ON COLUMN risk.latest_depth.buy_slippage IS 'fraction of mid lost by buying each notional of the ladder at market; NULL: the book ends first';

COMMENT ON COLUMN risk.latest_depth.changed_at IS 'when the update id last changed, UTC';

COMMENT ON COLUMN risk.latest_depth.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_depth.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_depth.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_divergence (
    symbol text NOT NULL,
    "interval" text NOT NULL,
    indicator text NOT NULL,
    kind text NOT NULL,
    first_pivot_at timestamp with time zone NOT NULL,
    second_pivot_at timestamp with time zone NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT pivots_are_in_order CHECK ((first_pivot_at < second_pivot_at))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_divergence IS 'The newest row of divergence in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_divergence.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_divergence."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.latest_divergence.indicator IS '"rsi" or "macd"';

COMMENT ON COLUMN risk.latest_divergence.kind IS '"bearish" or "bullish"';

COMMENT ON COLUMN risk.latest_divergence.first_pivot_at IS 'close of the earlier pivot, UTC';

COMMENT ON COLUMN risk.latest_divergence.second_pivot_at IS 'close of the later pivot, UTC';

COMMENT ON COLUMN risk.latest_divergence.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_divergence.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_divergence.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_funding (
    symbol text NOT NULL,
    funding_rate risk.statistic NOT NULL,
    interval_hours smallint NOT NULL,
    mark_price risk.statistic,
    rate_type text NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT interval_is_positive CHECK ((interval_hours > 0))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_funding IS 'The newest row of funding in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_funding.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_funding.funding_rate IS 'fraction per interval';

COMMENT ON COLUMN risk.latest_funding.interval_hours IS 'hours since the settlement before';

COMMENT ON COLUMN risk.latest_funding.mark_price IS 'USDT per coin at settlement';

COMMENT ON COLUMN risk.latest_funding.rate_type IS '"Regular" or "Special"';

COMMENT ON COLUMN risk.latest_funding.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_funding.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_funding.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_indicator (
    symbol text NOT NULL,
    "interval" text NOT NULL,
    close risk.statistic NOT NULL,
    atr_ratio risk.statistic,
    rsi risk.statistic,
    macd risk.statistic,
    macd_signal risk.statistic,
    macd_histogram risk.statistic,
    realised risk.statistic,
    vol_ratio risk.statistic,
    kline_spread risk.statistic,
    volume_ratio risk.statistic,
    kline_risk risk.statistic,
    beta risk.statistic,
    sigma_24h risk.statistic,
    sigma_method text,
    previous_close risk.statistic,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT rsi_is_between_0_and_100 CHECK ((((rsi)::double precision >= (0)::double precision) AND ((rsi)::double precision <= (100)::double precision))),
    CONSTRAINT spreads_are_not_negative CHECK (((LEAST(atr_ratio, realised, vol_ratio, kline_spread, volume_ratio, kline_risk, sigma_24h))::double precision >= (0)::double precision))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_indicator IS 'The newest row of indicator in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_indicator.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_indicator."interval" IS '"15m", "1h" or "1d"';

COMMENT ON COLUMN risk.latest_indicator.close IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_indicator.atr_ratio IS 'fraction; ATR(14) over close';

COMMENT ON COLUMN risk.latest_indicator.rsi IS '0 to 100';

COMMENT ON COLUMN risk.latest_indicator.macd IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_indicator.macd_signal IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_indicator.macd_histogram IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_indicator.realised IS 'fraction; realised volatility of the last day, 15m bars';

COMMENT ON COLUMN risk.latest_indicator.vol_ratio IS 'times; last day over the mean of the 20 days before';

COMMENT ON COLUMN risk.latest_indicator.kline_spread IS 'fraction; (high - low) / close of the bar';

COMMENT ON COLUMN risk.latest_indicator.volume_ratio IS 'times the 20-bar mean volume';

COMMENT ON COLUMN risk.latest_indicator.kline_risk IS 'fraction; kline spread over volume ratio';

COMMENT ON COLUMN risk.latest_indicator.beta IS 'times the move of BTCUSDT, 30 days of 1h returns';

COMMENT ON COLUMN risk.latest_indicator.sigma_24h IS 'fraction; forecast standard deviation of the next 24 h';

COMMENT ON COLUMN risk.latest_indicator.sigma_method IS '"gjr-garch-t" or "ewma"';

COMMENT ON COLUMN risk.latest_indicator.previous_close IS 'USDT per coin; close of the bar before';

COMMENT ON COLUMN risk.latest_indicator.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_indicator.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_indicator.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_insurance (
    group_key text NOT NULL,
    symbols text[] NOT NULL,
    asset text NOT NULL,
    balance risk.statistic NOT NULL,
    value_usd risk.statistic,
    value_usd_24h risk.statistic,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_insurance IS 'The newest row of insurance in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_insurance.group_key IS 'the group by hash of its symbols';

COMMENT ON COLUMN risk.latest_insurance.symbols IS 'contracts that share the fund';

COMMENT ON COLUMN risk.latest_insurance.asset IS 'asset of the balance';

COMMENT ON COLUMN risk.latest_insurance.balance IS 'in that asset';

COMMENT ON COLUMN risk.latest_insurance.value_usd IS 'USD; NULL: the asset has no index price';

COMMENT ON COLUMN risk.latest_insurance.value_usd_24h IS 'USD, 24 h before event_at';

COMMENT ON COLUMN risk.latest_insurance.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_insurance.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_insurance.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_open_interest (
    symbol text NOT NULL,
    quantity risk.statistic NOT NULL,
    value_usdt risk.statistic,
    quantity_24h risk.statistic,
    quantity_72h risk.statistic,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT value_is_not_negative CHECK (((value_usdt)::double precision >= (0)::double precision))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_open_interest IS 'The newest row of open_interest in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_open_interest.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_open_interest.quantity IS 'coins';

COMMENT ON COLUMN risk.latest_open_interest.value_usdt IS 'USDT';

COMMENT ON COLUMN risk.latest_open_interest.quantity_24h IS 'coins, 24 h before event_at';

COMMENT ON COLUMN risk.latest_open_interest.quantity_72h IS 'coins, 72 h before event_at';

COMMENT ON COLUMN risk.latest_open_interest.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_open_interest.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_open_interest.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_order (
    account text NOT NULL,
    service text NOT NULL,
    order_id text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    kind text NOT NULL,
    is_purchase boolean NOT NULL,
    quantity risk.amount NOT NULL,
    price risk.price,
    trigger_price risk.price,
    triggered_by text NOT NULL,
    is_reduce_only boolean NOT NULL,
    closes_position boolean NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT coins_are_open CHECK ((((quantity)::numeric > (0)::numeric) OR (((quantity)::numeric = (0)::numeric) AND closes_position))),
    CONSTRAINT service_is_known CHECK ((service = ANY (ARRAY['book'::text, 'algo'::text]))),
    CONSTRAINT side_is_known CHECK ((side = ANY (ARRAY['BOTH'::text, 'LONG'::text, 'SHORT'::text]))),
    CONSTRAINT trigger_is_known CHECK ((triggered_by = ANY (ARRAY[''::text, 'mark'::text, 'last'::text])))
);

COMMENT ON TABLE risk.latest_order IS 'Open orders of the account as last read; when each list was read whole say the facts open_orders and open_algo_orders';

COMMENT ON COLUMN risk.latest_order.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.latest_order.service IS '"book": list of orders; "algo": that of conditional orders';

COMMENT ON COLUMN risk.latest_order.order_id IS 'the exchange''s number, orderId or algoId';

COMMENT ON COLUMN risk.latest_order.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_order.side IS 'position that it changes: BOTH, or LONG and SHORT in hedge mode';

COMMENT ON COLUMN risk.latest_order.kind IS 'the exchange''s word: LIMIT, STOP_MARKET, …';

COMMENT ON COLUMN risk.latest_order.is_purchase IS 'it buys; false: it sells';

COMMENT ON COLUMN risk.latest_order.quantity IS 'coins still open; 0 where it closes the position';

COMMENT ON COLUMN risk.latest_order.price IS 'USDT per coin of its limit; NULL: at market';

COMMENT ON COLUMN risk.latest_order.trigger_price IS 'USDT per coin at which it triggers; NULL: it is in the book, or its trigger is not told';

COMMENT ON COLUMN risk.latest_order.triggered_by IS '"mark" or "last" price; empty in the book';

COMMENT ON COLUMN risk.latest_order.is_reduce_only IS 'it never opens or turns a position';

COMMENT ON COLUMN risk.latest_order.closes_position IS 'it closes all of the position that there is when it triggers';

COMMENT ON COLUMN risk.latest_order.event_at IS 'its last change by the exchange''s clock, UTC';

COMMENT ON COLUMN risk.latest_order.received_at IS 'when it was last read, UTC';

COMMENT ON COLUMN risk.latest_order.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_shock (
    account text NOT NULL,
    betas text NOT NULL,
    orders text NOT NULL,
    computed_at timestamp with time zone NOT NULL,
    fall risk.statistic,
    rise risk.statistic,
    shocks double precision[] NOT NULL,
    equity_usdt double precision[] NOT NULL,
    maintenance_usdt double precision[] NOT NULL,
    is_liquidated boolean[] NOT NULL,
    CONSTRAINT a_number_for_each_shock CHECK (((cardinality(shocks) = cardinality(equity_usdt)) AND (cardinality(shocks) = cardinality(maintenance_usdt)) AND (cardinality(shocks) = cardinality(is_liquidated)))),
    CONSTRAINT betas_are_known CHECK ((betas = ANY (ARRAY['estimated'::text, 'uniform'::text]))),
    CONSTRAINT equity_usdt_is_finite CHECK ((NOT (('NaN'::double precision = ANY (equity_usdt)) OR ('Infinity'::double precision = ANY (equity_usdt)) OR ('-Infinity'::double precision = ANY (equity_usdt))))),
    CONSTRAINT maintenance_usdt_is_finite CHECK ((NOT (('NaN'::double precision = ANY (maintenance_usdt)) OR ('Infinity'::double precision = ANY (maintenance_usdt)) OR ('-Infinity'::double precision = ANY (maintenance_usdt))))),
    CONSTRAINT reading_is_known CHECK ((orders = ANY (ARRAY['none'::text, 'worst'::text, 'triggered'::text]))),
    CONSTRAINT shocks_are_finite CHECK ((NOT (('NaN'::double precision = ANY (shocks)) OR ('Infinity'::double precision = ANY (shocks)) OR ('-Infinity'::double precision = ANY (shocks)))))
);

COMMENT ON TABLE risk.latest_shock IS 'The cross pool under moves of the whole market, newest computation, by reading of its open orders';

COMMENT ON COLUMN risk.latest_shock.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.latest_shock.betas IS '"estimated": each contract moves by its beta to BTCUSDT; "uniform": all alike';

COMMENT ON COLUMN risk.latest_shock.orders IS '"none": as if there were none; "worst": each conditional order fills or not, whichever is worse; "triggered": all fill';

COMMENT ON COLUMN risk.latest_shock.computed_at IS 'UTC';

COMMENT ON COLUMN risk.latest_shock.fall IS 'smallest fall of BTCUSDT that liquidates the pool, fraction, not above zero; NULL: none does';

COMMENT ON COLUMN risk.latest_shock.rise IS 'smallest rise of BTCUSDT that liquidates the pool, fraction; NULL: none does';

COMMENT ON COLUMN risk.latest_shock.shocks IS 'moves of BTCUSDT, fractions';

COMMENT ON COLUMN risk.latest_shock.equity_usdt IS 'USDT after each move';

COMMENT ON COLUMN risk.latest_shock.maintenance_usdt IS 'USDT after each move';

COMMENT ON COLUMN risk.latest_shock.is_liquidated IS 'whether the pool is liquidated on the way there';

CREATE TABLE risk.latest_size_advice (
    account text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    method text NOT NULL,
    computed_at timestamp with time zone NOT NULL,
    equity_usdt risk.statistic NOT NULL,
    entry_price risk.statistic NOT NULL,
    stop_price risk.statistic,
    stop_bound_by text NOT NULL,
    target_1_price risk.statistic,
    target_2_price risk.statistic,
    trailing_price risk.statistic,
    quantity risk.statistic,
    notional_usdt risk.statistic,
    margin_usdt risk.statistic,
    leverage risk.statistic NOT NULL,
    liquidation_price risk.statistic,
    level smallint NOT NULL,
    multiplier risk.statistic,
    bound_by text NOT NULL,
    reasons jsonb NOT NULL,
    CONSTRAINT level_is_known CHECK (((level >= '-1'::integer) AND (level <= 3))),
    CONSTRAINT method_is_known CHECK ((method = ANY (ARRAY['desk'::text, 'seed'::text]))),
    CONSTRAINT quantity_is_not_negative CHECK (((quantity)::double precision >= (0)::double precision)),
    CONSTRAINT side_is_known CHECK ((side = ANY (ARRAY['LONG'::text, 'SHORT'::text])))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_size_advice IS 'How much of a watched symbol may be opened now at the mark, where to stop and to take profit, newest computation';

COMMENT ON COLUMN risk.latest_size_advice.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.latest_size_advice.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_size_advice.side IS '"LONG" or "SHORT"';

COMMENT ON COLUMN risk.latest_size_advice.method IS '"desk": our rules; "seed": the original formula with its unit corrected, for comparison';

COMMENT ON COLUMN risk.latest_size_advice.computed_at IS 'UTC';

COMMENT ON COLUMN risk.latest_size_advice.equity_usdt IS 'USDT; margin balance that the risk is a share of';

COMMENT ON COLUMN risk.latest_size_advice.entry_price IS 'USDT per coin; the mark';

COMMENT ON COLUMN risk.latest_size_advice.stop_price IS 'USDT per coin; NULL: unknown';

COMMENT ON COLUMN risk.latest_size_advice.stop_bound_by IS 'which stop is the tightest: volatility, fixed_loss or liquidation';

COMMENT ON COLUMN risk.latest_size_advice.target_1_price IS 'USDT per coin; first target';

COMMENT ON COLUMN risk.latest_size_advice.target_2_price IS 'USDT per coin; second target';

COMMENT ON COLUMN risk.latest_size_advice.trailing_price IS 'USDT per coin; chandelier stop for a position that is open already; NULL: too few bars';

COMMENT ON COLUMN risk.latest_size_advice.quantity IS 'coins; 0: open nothing; NULL: unknown, reasons say what is missing';

COMMENT ON COLUMN risk.latest_size_advice.notional_usdt IS 'USDT at the entry';

COMMENT ON COLUMN risk.latest_size_advice.margin_usdt IS 'USDT of initial margin at the leverage';

COMMENT ON COLUMN risk.latest_size_advice.leverage IS 'times; of the open position, else the exchange''s own setting of 20';

COMMENT ON COLUMN risk.latest_size_advice.liquidation_price IS 'USDT per coin, beside the account''s other positions; NULL: none at a positive price';

COMMENT ON COLUMN risk.latest_size_advice.level IS 'reported level of the symbol: 0 low to 3 extreme; -1: none';

COMMENT ON COLUMN risk.latest_size_advice.multiplier IS 'share of the normal size that the level allows (the seed''s formula takes no notice of it); NULL: no level';

COMMENT ON COLUMN risk.latest_size_advice.bound_by IS 'the rule that gave the quantity, or "missing"';

COMMENT ON COLUMN risk.latest_size_advice.reasons IS 'each rule with the coins that it allows, in order; or what is missing';

CREATE TABLE risk.latest_stress (
    account text NOT NULL,
    scenario text NOT NULL,
    hours smallint NOT NULL,
    direction text NOT NULL,
    computed_at timestamp with time zone NOT NULL,
    equity_usdt risk.statistic NOT NULL,
    maintenance_usdt risk.statistic NOT NULL,
    cover risk.statistic,
    liquidated text[] NOT NULL,
    first text NOT NULL,
    first_at risk.statistic,
    loss_usdt risk.statistic NOT NULL,
    exit_cost_usdt risk.statistic,
    by_beta text[] NOT NULL,
    CONSTRAINT direction_is_known CHECK ((direction = ANY (ARRAY['fall'::text, 'rise'::text]))),
    CONSTRAINT first_at_is_a_share CHECK ((((first_at)::double precision >= (0)::double precision) AND ((first_at)::double precision <= (1)::double precision))),
    CONSTRAINT hours_are_positive CHECK ((hours > 0)),
    CONSTRAINT maintenance_is_not_negative CHECK (((maintenance_usdt)::double precision >= (0)::double precision))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_stress IS 'What each past crash would leave of an account as it stands, newest computation';

COMMENT ON COLUMN risk.latest_stress.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.latest_stress.scenario IS 'crash';

COMMENT ON COLUMN risk.latest_stress.hours IS 'worst move within so many hours';

COMMENT ON COLUMN risk.latest_stress.direction IS '"fall" or "rise"';

COMMENT ON COLUMN risk.latest_stress.computed_at IS 'UTC';

COMMENT ON COLUMN risk.latest_stress.equity_usdt IS 'USDT left; a pool that was liquidated on the way counts as 0';

COMMENT ON COLUMN risk.latest_stress.maintenance_usdt IS 'USDT that the pools left ask for';

COMMENT ON COLUMN risk.latest_stress.cover IS 'balance over maintenance of the thinnest pool left; NULL: nothing asks for maintenance';

COMMENT ON COLUMN risk.latest_stress.liquidated IS 'pools that go on the way, in their order: "cross", or SYMBOL/SIDE of an isolated position';

COMMENT ON COLUMN risk.latest_stress.first IS 'position with the largest loss in the first pool to go; empty: none goes';

COMMENT ON COLUMN risk.latest_stress.first_at IS 'share of the move at which the first pool goes; NULL: none goes';

COMMENT ON COLUMN risk.latest_stress.loss_usdt IS 'USDT; equity before minus equity after, below zero a gain';

COMMENT ON COLUMN risk.latest_stress.exit_cost_usdt IS 'USDT; closing what is left at market in the book of the crash; NULL: no book';

COMMENT ON COLUMN risk.latest_stress.by_beta IS 'symbols that moved by beta times BTCUSDT''s move';

CREATE TABLE risk.latest_ticker (
    symbol text NOT NULL,
    venue text NOT NULL,
    last_price risk.statistic NOT NULL,
    price_change risk.statistic NOT NULL,
    high risk.statistic NOT NULL,
    low risk.statistic NOT NULL,
    volume risk.statistic NOT NULL,
    quote_volume risk.statistic NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT volumes_are_not_negative CHECK ((((volume)::double precision >= (0)::double precision) AND ((quote_volume)::double precision >= (0)::double precision)))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_ticker IS 'The newest row of ticker in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_ticker.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_ticker.venue IS '"usdm" or "spot"';

COMMENT ON COLUMN risk.latest_ticker.last_price IS 'USDT per coin';

COMMENT ON COLUMN risk.latest_ticker.price_change IS 'fraction over 24 h';

COMMENT ON COLUMN risk.latest_ticker.high IS 'USDT per coin over 24 h';

COMMENT ON COLUMN risk.latest_ticker.low IS 'USDT per coin over 24 h';

COMMENT ON COLUMN risk.latest_ticker.volume IS 'coins over 24 h';

COMMENT ON COLUMN risk.latest_ticker.quote_volume IS 'USDT over 24 h';

COMMENT ON COLUMN risk.latest_ticker.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_ticker.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_ticker.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_var (
    scope text NOT NULL,
    "interval" text NOT NULL,
    computed_at timestamp with time zone NOT NULL,
    bar_at timestamp with time zone NOT NULL,
    method text NOT NULL,
    method_since timestamp with time zone NOT NULL,
    reason text NOT NULL,
    note text NOT NULL,
    gross_usdt risk.statistic,
    var_95 risk.statistic,
    es_95 risk.statistic,
    var_99 risk.statistic,
    es_99 risk.statistic,
    closed_at timestamp with time zone,
    closed_method text,
    closed_var_99 risk.statistic,
    closed_loss risk.statistic,
    closed_gross_usdt risk.statistic,
    without_returns text[] DEFAULT ARRAY[]::text[] NOT NULL,
    CONSTRAINT interval_is_hour_or_day CHECK (("interval" = ANY (ARRAY['1h'::text, '1d'::text])))
);

COMMENT ON TABLE risk.latest_var IS 'The value at risk in force by the method in use, and how the newest judged bar went: one row per scope and interval';

COMMENT ON COLUMN risk.latest_var.scope IS 'as in var_forecast';

COMMENT ON COLUMN risk.latest_var."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.latest_var.computed_at IS 'when, UTC';

COMMENT ON COLUMN risk.latest_var.bar_at IS 'opening of the bar that is forecast, UTC';

COMMENT ON COLUMN risk.latest_var.method IS 'in use; as in var_forecast';

COMMENT ON COLUMN risk.latest_var.method_since IS 'since when it is in use, UTC';

COMMENT ON COLUMN risk.latest_var.reason IS 'why the methods before it in the chain are not in use; empty for the first';

COMMENT ON COLUMN risk.latest_var.note IS 'of the forecast: why EWMA stood in, or why there is no answer';

COMMENT ON COLUMN risk.latest_var.gross_usdt IS 'USDT that the fractions are of; NULL for one USDT, and for a book that is unknown';

COMMENT ON COLUMN risk.latest_var.var_95 IS 'fraction of gross; NULL: no answer';

COMMENT ON COLUMN risk.latest_var.es_95 IS 'fraction of gross; NULL: no answer';

COMMENT ON COLUMN risk.latest_var.var_99 IS 'fraction of gross; NULL: no answer';

COMMENT ON COLUMN risk.latest_var.es_99 IS 'fraction of gross; NULL: no answer';

COMMENT ON COLUMN risk.latest_var.closed_at IS 'opening of the newest bar with a forecast and a return, UTC; NULL: none yet';

COMMENT ON COLUMN risk.latest_var.closed_method IS 'method in use for that bar';

COMMENT ON COLUMN risk.latest_var.closed_var_99 IS 'its forecast, fraction of gross';

COMMENT ON COLUMN risk.latest_var.closed_loss IS 'what it lost, fraction of gross; below 0 is a gain';

COMMENT ON COLUMN risk.latest_var.closed_gross_usdt IS 'USDT that these two are of; NULL for a symbol';

COMMENT ON COLUMN risk.latest_var.without_returns IS 'held symbols without returns of their own: in the figures with three times the market''s, added in full';

CREATE TABLE risk.latest_var_verdict (
    scope text NOT NULL,
    "interval" text NOT NULL,
    method text NOT NULL,
    judged_at timestamp with time zone NOT NULL,
    judged_from timestamp with time zone,
    judged_through timestamp with time zone,
    observations integer NOT NULL,
    exceptions integer NOT NULL,
    kupiec_p risk.statistic,
    independence_p risk.statistic,
    conditional_p risk.statistic,
    zone text,
    has_failed boolean NOT NULL,
    reason text NOT NULL,
    CONSTRAINT exceptions_are_observations CHECK (((exceptions >= 0) AND (exceptions <= observations))),
    CONSTRAINT interval_is_hour_or_day CHECK (("interval" = ANY (ARRAY['1h'::text, '1d'::text]))),
    CONSTRAINT zone_is_a_colour CHECK ((zone = ANY (ARRAY['green'::text, 'yellow'::text, 'red'::text])))
);

COMMENT ON TABLE risk.latest_var_verdict IS 'How each method did over the last bars at 99 %: one row per scope, interval and method, renewed with every bar';

COMMENT ON COLUMN risk.latest_var_verdict.scope IS 'as in var_forecast';

COMMENT ON COLUMN risk.latest_var_verdict."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.latest_var_verdict.method IS 'as in var_forecast';

COMMENT ON COLUMN risk.latest_var_verdict.judged_at IS 'when, UTC';

COMMENT ON COLUMN risk.latest_var_verdict.judged_from IS 'opening of the first judged bar, UTC; NULL: none';

COMMENT ON COLUMN risk.latest_var_verdict.judged_through IS 'opening of the last judged bar, UTC; NULL: none';

COMMENT ON COLUMN risk.latest_var_verdict.observations IS 'bars with a forecast and a return';

COMMENT ON COLUMN risk.latest_var_verdict.exceptions IS 'bars that lost more than their VaR at 99 %';

COMMENT ON COLUMN risk.latest_var_verdict.kupiec_p IS 'p-value of the rate of exceptions, 0 to 1; NULL: too few bars';

COMMENT ON COLUMN risk.latest_var_verdict.independence_p IS 'p-value of Christoffersen''s independence, 0 to 1; NULL: too few bars';

COMMENT ON COLUMN risk.latest_var_verdict.conditional_p IS 'p-value of Christoffersen''s conditional coverage, 0 to 1; NULL: too few bars';

COMMENT ON COLUMN risk.latest_var_verdict.zone IS 'Basle traffic light of the last 250 bars: "green", "yellow" or "red"; NULL: too few bars';

COMMENT ON COLUMN risk.latest_var_verdict.has_failed IS 'below 0.01 in one of the tests, and not back at 0.05 in all of them since';

COMMENT ON COLUMN risk.latest_var_verdict.reason IS 'why it has failed or is not judged; empty when it is good';

CREATE TABLE risk.latest_venue_funding (
    venue text NOT NULL,
    symbol text NOT NULL,
    funding_rate risk.statistic NOT NULL,
    interval_hours risk.statistic NOT NULL,
    funding_8h risk.statistic NOT NULL,
    open_interest_usd risk.statistic,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT interval_is_positive CHECK (((interval_hours)::double precision > (0)::double precision))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_venue_funding IS 'The newest row of venue_funding in floating point; what scoring reads';

COMMENT ON COLUMN risk.latest_venue_funding.venue IS '"okx", "bybit", "bitget", "gate", "hyperliquid" or "deribit"';

COMMENT ON COLUMN risk.latest_venue_funding.symbol IS 'our name of the contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_venue_funding.funding_rate IS 'fraction per interval, as quoted';

COMMENT ON COLUMN risk.latest_venue_funding.interval_hours IS 'hours between settlements';

COMMENT ON COLUMN risk.latest_venue_funding.funding_8h IS 'fraction per 8 hours';

COMMENT ON COLUMN risk.latest_venue_funding.open_interest_usd IS 'USD';

COMMENT ON COLUMN risk.latest_venue_funding.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_venue_funding.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_venue_funding.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_volatility_fit (
    symbol text NOT NULL,
    "interval" text NOT NULL,
    method text NOT NULL,
    reason text NOT NULL,
    observations integer NOT NULL,
    mu risk.statistic,
    omega risk.statistic,
    alpha risk.statistic,
    gamma risk.statistic,
    beta risk.statistic,
    nu risk.statistic,
    decay risk.statistic,
    backcast risk.statistic,
    log_likelihood risk.statistic,
    convergence_flag smallint,
    persistence risk.statistic,
    last_variance risk.statistic,
    last_residual risk.statistic,
    sigma_next risk.statistic NOT NULL,
    quantile_01 risk.statistic,
    quantile_05 risk.statistic,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT sigma_is_positive CHECK (((sigma_next)::double precision > (0)::double precision))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.latest_volatility_fit IS 'The newest row of volatility_fit; what scoring reads';

COMMENT ON COLUMN risk.latest_volatility_fit.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.latest_volatility_fit."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.latest_volatility_fit.method IS '"gjr-garch-t" or "ewma"';

COMMENT ON COLUMN risk.latest_volatility_fit.reason IS 'empty, or why the fallback was taken';

COMMENT ON COLUMN risk.latest_volatility_fit.observations IS 'returns used';

COMMENT ON COLUMN risk.latest_volatility_fit.mu IS 'percent; mean return';

COMMENT ON COLUMN risk.latest_volatility_fit.omega IS 'percent squared';

COMMENT ON COLUMN risk.latest_volatility_fit.alpha IS 'weight of the last squared residual';

COMMENT ON COLUMN risk.latest_volatility_fit.gamma IS 'extra weight when it was a loss';

COMMENT ON COLUMN risk.latest_volatility_fit.beta IS 'weight of the last variance';

COMMENT ON COLUMN risk.latest_volatility_fit.nu IS 'degrees of freedom of the t distribution';

COMMENT ON COLUMN risk.latest_volatility_fit.decay IS 'lambda of the fallback';

COMMENT ON COLUMN risk.latest_volatility_fit.backcast IS 'percent squared; variance before the first return';

COMMENT ON COLUMN risk.latest_volatility_fit.log_likelihood IS 'natural logarithm';

COMMENT ON COLUMN risk.latest_volatility_fit.convergence_flag IS 'the optimiser''s word; 0 is success';

COMMENT ON COLUMN risk.latest_volatility_fit.persistence IS 'alpha + gamma / 2 + beta';

COMMENT ON COLUMN risk.latest_volatility_fit.last_variance IS 'percent squared; of the last bar';

COMMENT ON COLUMN risk.latest_volatility_fit.last_residual IS 'percent; of the last bar';

COMMENT ON COLUMN risk.latest_volatility_fit.sigma_next IS 'fraction; next bar''s standard deviation';

COMMENT ON COLUMN risk.latest_volatility_fit.quantile_01 IS 'standardised innovation at 1 %';

COMMENT ON COLUMN risk.latest_volatility_fit.quantile_05 IS 'standardised innovation at 5 %';

COMMENT ON COLUMN risk.latest_volatility_fit.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.latest_volatility_fit.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.latest_volatility_fit.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.leverage_bracket (
    symbol text NOT NULL,
    tier smallint NOT NULL,
    floor_usdt risk.amount NOT NULL,
    cap_usdt risk.amount NOT NULL,
    maintenance_rate risk.amount NOT NULL,
    cum_usdt risk.amount NOT NULL,
    max_leverage smallint NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT floor_lies_below_cap CHECK ((((floor_usdt)::numeric >= (0)::numeric) AND ((floor_usdt)::numeric < (cap_usdt)::numeric))),
    CONSTRAINT leverage_is_positive CHECK ((max_leverage > 0)),
    CONSTRAINT maintenance_rate_is_a_fraction CHECK ((((maintenance_rate)::numeric > (0)::numeric) AND ((maintenance_rate)::numeric <= (1)::numeric)))
);

COMMENT ON TABLE risk.leverage_bracket IS 'One tier of a maintenance ladder; a ladder is stored when it differs from the one before';

COMMENT ON COLUMN risk.leverage_bracket.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.leverage_bracket.tier IS '1 is the lowest notional';

COMMENT ON COLUMN risk.leverage_bracket.floor_usdt IS 'USDT; tier begins above this notional';

COMMENT ON COLUMN risk.leverage_bracket.cap_usdt IS 'USDT; tier ends at this notional';

COMMENT ON COLUMN risk.leverage_bracket.maintenance_rate IS 'fraction of notional';

COMMENT ON COLUMN risk.leverage_bracket.cum_usdt IS 'USDT; taken off rate times notional';

COMMENT ON COLUMN risk.leverage_bracket.max_leverage IS 'times';

COMMENT ON COLUMN risk.leverage_bracket.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.leverage_bracket.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.leverage_bracket.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.limits (
    version text NOT NULL,
    body jsonb NOT NULL,
    first_used_at timestamp with time zone NOT NULL,
    CONSTRAINT version_is_a_hash CHECK ((version ~ '^[0-9a-f]{12}$'::text))
);

COMMENT ON TABLE risk.limits IS 'A set of limits that scores were judged by';

COMMENT ON COLUMN risk.limits.version IS 'first 12 hex digits of the SHA-256 of the body';

COMMENT ON COLUMN risk.limits.body IS 'weights, curves, thresholds; ratios are fractions';

COMMENT ON COLUMN risk.limits.first_used_at IS 'UTC';

CREATE TABLE risk.liquidation (
    symbol text NOT NULL,
    side text NOT NULL,
    price risk.price NOT NULL,
    average_price risk.price NOT NULL,
    quantity risk.price NOT NULL,
    filled_quantity risk.amount NOT NULL,
    notional_usdt risk.amount NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT notional_is_not_negative CHECK ((((notional_usdt)::numeric >= (0)::numeric) AND ((filled_quantity)::numeric >= (0)::numeric))),
    CONSTRAINT side_is_known CHECK ((side = ANY (ARRAY['BUY'::text, 'SELL'::text])))
);

COMMENT ON TABLE risk.liquidation IS 'One forced order of the sampled stream; at most one per symbol and second, so sums are lower bounds';

COMMENT ON COLUMN risk.liquidation.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.liquidation.side IS 'side of the forced order; "SELL" closes a long';

COMMENT ON COLUMN risk.liquidation.price IS 'USDT per coin; limit of the order';

COMMENT ON COLUMN risk.liquidation.average_price IS 'USDT per coin; as filled';

COMMENT ON COLUMN risk.liquidation.quantity IS 'coins ordered';

COMMENT ON COLUMN risk.liquidation.filled_quantity IS 'coins filled';

COMMENT ON COLUMN risk.liquidation.notional_usdt IS 'USDT; filled quantity times average price';

COMMENT ON COLUMN risk.liquidation.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.liquidation.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.liquidation.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.liquidation_hour (
    symbol text NOT NULL,
    hour_at timestamp with time zone NOT NULL,
    side text NOT NULL,
    notional_usdt risk.amount NOT NULL,
    orders integer NOT NULL
);

COMMENT ON TABLE risk.liquidation_hour IS 'Forced orders of each hour, for the mean of a day; lower bounds';

COMMENT ON COLUMN risk.liquidation_hour.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.liquidation_hour.hour_at IS 'begin of the hour, UTC';

COMMENT ON COLUMN risk.liquidation_hour.side IS 'side of the forced orders; "SELL" closes longs';

COMMENT ON COLUMN risk.liquidation_hour.notional_usdt IS 'USDT; sum';

COMMENT ON COLUMN risk.liquidation_hour.orders IS 'count';

CREATE TABLE risk.mark (
    symbol text NOT NULL,
    mark_price risk.price NOT NULL,
    index_price risk.price NOT NULL,
    funding_rate risk.statistic NOT NULL,
    next_funding_at timestamp with time zone,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL
)
PARTITION BY RANGE (event_at);

COMMENT ON TABLE risk.mark IS 'Mark price, index, and the running funding rate for the next settlement';

COMMENT ON COLUMN risk.mark.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.mark.mark_price IS 'USDT per coin';

COMMENT ON COLUMN risk.mark.index_price IS 'USDT per coin';

COMMENT ON COLUMN risk.mark.funding_rate IS 'fraction per interval, predicted';

COMMENT ON COLUMN risk.mark.next_funding_at IS 'next settlement, UTC';

COMMENT ON COLUMN risk.mark.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.mark.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.mark.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.mark_default (
    symbol text CONSTRAINT mark_symbol_not_null NOT NULL,
    mark_price risk.price CONSTRAINT mark_mark_price_not_null NOT NULL,
    index_price risk.price CONSTRAINT mark_index_price_not_null NOT NULL,
    funding_rate risk.statistic CONSTRAINT mark_funding_rate_not_null NOT NULL,
    next_funding_at timestamp with time zone,
    event_at timestamp with time zone CONSTRAINT mark_event_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT mark_received_at_not_null NOT NULL,
    source text CONSTRAINT mark_source_not_null NOT NULL
);

COMMENT ON TABLE risk.mark_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.open_interest (
    symbol text NOT NULL,
    quantity risk.price NOT NULL,
    value_usdt risk.amount,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT value_is_not_negative CHECK (((value_usdt)::numeric >= (0)::numeric))
)
PARTITION BY RANGE (event_at);

COMMENT ON TABLE risk.open_interest IS 'Open contracts of one symbol';

COMMENT ON COLUMN risk.open_interest.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.open_interest.quantity IS 'coins';

COMMENT ON COLUMN risk.open_interest.value_usdt IS 'USDT';

COMMENT ON COLUMN risk.open_interest.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.open_interest.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.open_interest.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.open_interest_default (
    symbol text CONSTRAINT open_interest_symbol_not_null NOT NULL,
    quantity risk.price CONSTRAINT open_interest_quantity_not_null NOT NULL,
    value_usdt risk.amount,
    event_at timestamp with time zone CONSTRAINT open_interest_event_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT open_interest_received_at_not_null NOT NULL,
    source text CONSTRAINT open_interest_source_not_null NOT NULL,
    CONSTRAINT value_is_not_negative CHECK (((value_usdt)::numeric >= (0)::numeric))
);

COMMENT ON TABLE risk.open_interest_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.outbox (
    message_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    severity text NOT NULL,
    items jsonb NOT NULL,
    CONSTRAINT it_expires_after_it_is_made CHECK ((expires_at > created_at)),
    CONSTRAINT severity_is_known CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text])))
);

COMMENT ON TABLE risk.outbox IS 'What one evaluation has to say, grouped; written with the score in one transaction';

COMMENT ON COLUMN risk.outbox.message_id IS 'made from time and content';

COMMENT ON COLUMN risk.outbox.created_at IS 'UTC';

COMMENT ON COLUMN risk.outbox.expires_at IS 'not told after this, UTC';

COMMENT ON COLUMN risk.outbox.severity IS 'the worst of its items';

COMMENT ON COLUMN risk.outbox.items IS 'the alerts and signals it tells of';

CREATE TABLE risk."position" (
    account text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    quantity risk.amount NOT NULL,
    entry_price risk.price NOT NULL,
    break_even_price risk.amount,
    mark_price risk.price NOT NULL,
    notional_usdt risk.amount NOT NULL,
    unrealized_usdt risk.amount NOT NULL,
    is_isolated boolean NOT NULL,
    isolated_wallet_usdt risk.amount NOT NULL,
    leverage smallint,
    initial_usdt risk.amount NOT NULL,
    maintenance_usdt risk.amount NOT NULL,
    adl_rank smallint,
    exchange_liquidation_price risk.price,
    liquidation_price risk.statistic,
    liquidation_reason text NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    pool_wallet_usdt risk.statistic,
    other_maintenance_usdt risk.statistic,
    other_unrealized_usdt risk.statistic,
    liquidation_tier smallint,
    liquidation_rate risk.statistic,
    liquidation_cum_usdt risk.statistic,
    liquidation_difference risk.statistic,
    distance risk.statistic,
    distance_sigmas risk.statistic,
    exit_slippage risk.statistic,
    can_exit boolean,
    CONSTRAINT adl_rank_is_between_0_and_4 CHECK (((adl_rank >= 0) AND (adl_rank <= 4))),
    CONSTRAINT distance_is_not_negative CHECK (((distance)::double precision >= (0)::double precision)),
    CONSTRAINT leverage_is_positive CHECK ((leverage > 0)),
    CONSTRAINT liquidation_price_is_positive CHECK (((liquidation_price)::double precision > (0)::double precision)),
    CONSTRAINT position_is_open CHECK (((quantity)::numeric <> (0)::numeric)),
    CONSTRAINT side_is_known CHECK ((side = ANY (ARRAY['BOTH'::text, 'LONG'::text, 'SHORT'::text]))),
    CONSTRAINT tiers_count_from_1 CHECK ((liquidation_tier >= 1))
)
PARTITION BY RANGE (event_at);

COMMENT ON TABLE risk."position" IS 'One open position; quantities and notionals are negative for shorts';

COMMENT ON COLUMN risk."position".account IS 'name of the account in the settings';

COMMENT ON COLUMN risk."position".symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk."position".side IS '"BOTH", "LONG" or "SHORT"';

COMMENT ON COLUMN risk."position".quantity IS 'coins, signed';

COMMENT ON COLUMN risk."position".entry_price IS 'USDT per coin';

COMMENT ON COLUMN risk."position".break_even_price IS 'USDT per coin, with fees';

COMMENT ON COLUMN risk."position".mark_price IS 'USDT per coin';

COMMENT ON COLUMN risk."position".notional_usdt IS 'USDT at mark, signed';

COMMENT ON COLUMN risk."position".unrealized_usdt IS 'USDT; open profit';

COMMENT ON COLUMN risk."position".is_isolated IS 'margin of its own';

COMMENT ON COLUMN risk."position".isolated_wallet_usdt IS 'USDT; its own margin, 0 for cross';

COMMENT ON COLUMN risk."position".leverage IS 'times, as set';

COMMENT ON COLUMN risk."position".initial_usdt IS 'USDT; initial margin';

COMMENT ON COLUMN risk."position".maintenance_usdt IS 'USDT; maintenance margin';

COMMENT ON COLUMN risk."position".adl_rank IS '0 to 4; 4 is closed first';

COMMENT ON COLUMN risk."position".exchange_liquidation_price IS 'USDT per coin; NULL: the exchange shows none';

COMMENT ON COLUMN risk."position".liquidation_price IS 'USDT per coin, by our own formula; NULL: none at a positive price';

COMMENT ON COLUMN risk."position".liquidation_reason IS 'how ours came about, or why there is none';

COMMENT ON COLUMN risk."position".event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk."position".received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk."position".source IS '"rest", "stream", "archive", "import" or "derived"';

COMMENT ON COLUMN risk."position".pool_wallet_usdt IS 'USDT; wallet that carried the position in our computation; NULL: not computed';

COMMENT ON COLUMN risk."position".other_maintenance_usdt IS 'USDT; maintenance of all other cross positions at their marks, in our computation';

COMMENT ON COLUMN risk."position".other_unrealized_usdt IS 'USDT; open profit of all other cross positions, in our computation';

COMMENT ON COLUMN risk."position".liquidation_tier IS 'tier of the ladder at our price, from 1; NULL: no price';

COMMENT ON COLUMN risk."position".liquidation_rate IS 'maintenance rate of that tier, fraction';

COMMENT ON COLUMN risk."position".liquidation_cum_usdt IS 'USDT; what that tier deducts (cum)';

COMMENT ON COLUMN risk."position".liquidation_difference IS 'our price over the exchange''s, minus 1; NULL: one of them has none';

COMMENT ON COLUMN risk."position".distance IS 'share that the mark must move to the nearer of both prices; 0: there already; NULL: no price';

COMMENT ON COLUMN risk."position".distance_sigmas IS 'that distance in forecast daily moves; NULL: no price or no fresh forecast';

COMMENT ON COLUMN risk."position".exit_slippage IS 'cost of closing all of it at market, fraction of mid; NULL: no fresh book';

COMMENT ON COLUMN risk."position".can_exit IS 'whether that cost is at most half the distance; NULL: unknown';

CREATE TABLE risk.position_default (
    account text CONSTRAINT position_account_not_null NOT NULL,
    symbol text CONSTRAINT position_symbol_not_null NOT NULL,
    side text CONSTRAINT position_side_not_null NOT NULL,
    quantity risk.amount CONSTRAINT position_quantity_not_null NOT NULL,
    entry_price risk.price CONSTRAINT position_entry_price_not_null NOT NULL,
    break_even_price risk.amount,
    mark_price risk.price CONSTRAINT position_mark_price_not_null NOT NULL,
    notional_usdt risk.amount CONSTRAINT position_notional_usdt_not_null NOT NULL,
    unrealized_usdt risk.amount CONSTRAINT position_unrealized_usdt_not_null NOT NULL,
    is_isolated boolean CONSTRAINT position_is_isolated_not_null NOT NULL,
    isolated_wallet_usdt risk.amount CONSTRAINT position_isolated_wallet_usdt_not_null NOT NULL,
    leverage smallint,
    initial_usdt risk.amount CONSTRAINT position_initial_usdt_not_null NOT NULL,
    maintenance_usdt risk.amount CONSTRAINT position_maintenance_usdt_not_null NOT NULL,
    adl_rank smallint,
    exchange_liquidation_price risk.price,
    liquidation_price risk.statistic,
    liquidation_reason text CONSTRAINT position_liquidation_reason_not_null NOT NULL,
    event_at timestamp with time zone CONSTRAINT position_event_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT position_received_at_not_null NOT NULL,
    source text CONSTRAINT position_source_not_null NOT NULL,
    pool_wallet_usdt risk.statistic,
    other_maintenance_usdt risk.statistic,
    other_unrealized_usdt risk.statistic,
    liquidation_tier smallint,
    liquidation_rate risk.statistic,
    liquidation_cum_usdt risk.statistic,
    liquidation_difference risk.statistic,
    distance risk.statistic,
    distance_sigmas risk.statistic,
    exit_slippage risk.statistic,
    can_exit boolean,
    CONSTRAINT adl_rank_is_between_0_and_4 CHECK (((adl_rank >= 0) AND (adl_rank <= 4))),
    CONSTRAINT distance_is_not_negative CHECK (((distance)::double precision >= (0)::double precision)),
    CONSTRAINT leverage_is_positive CHECK ((leverage > 0)),
    CONSTRAINT liquidation_price_is_positive CHECK (((liquidation_price)::double precision > (0)::double precision)),
    CONSTRAINT position_is_open CHECK (((quantity)::numeric <> (0)::numeric)),
    CONSTRAINT side_is_known CHECK ((side = ANY (ARRAY['BOTH'::text, 'LONG'::text, 'SHORT'::text]))),
    CONSTRAINT tiers_count_from_1 CHECK ((liquidation_tier >= 1))
);

COMMENT ON TABLE risk.position_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.position_gone (
    account text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    vanished_at timestamp with time zone NOT NULL,
    last_seen jsonb NOT NULL,
    classification text,
    classified_at timestamp with time zone,
    CONSTRAINT classification_is_known CHECK ((classification = ANY (ARRAY['closed'::text, 'liquidated'::text, 'deleveraged'::text, 'settled'::text])))
);

COMMENT ON TABLE risk.position_gone IS 'A position that an account poll no longer showed';

COMMENT ON COLUMN risk.position_gone.account IS 'name of the account in the settings';

COMMENT ON COLUMN risk.position_gone.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.position_gone.side IS '"BOTH", "LONG" or "SHORT"';

COMMENT ON COLUMN risk.position_gone.vanished_at IS 'event time of the first poll without it, UTC';

COMMENT ON COLUMN risk.position_gone.last_seen IS 'the position as last seen';

COMMENT ON COLUMN risk.position_gone.classification IS '"closed", "liquidated", "deleveraged" or "settled"; NULL: not known yet';

COMMENT ON COLUMN risk.position_gone.classified_at IS 'UTC';

CREATE TABLE risk.schema_version (
    version_num character varying(32) NOT NULL
);

COMMENT ON TABLE risk.schema_version IS 'Which migration this schema has reached';

COMMENT ON COLUMN risk.schema_version.version_num IS 'number of the last migration';

CREATE TABLE risk.score (
    scope text NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    level smallint NOT NULL,
    raw_level smallint NOT NULL,
    floors smallint NOT NULL,
    missing integer NOT NULL,
    composite risk.points,
    weighted risk.points,
    market risk.points,
    liquidity risk.points,
    leverage risk.points,
    sentiment risk.points,
    counterfactual real,
    limits_version text NOT NULL,
    component_values real[] NOT NULL,
    component_scores smallint[] NOT NULL,
    input_ages_s real[] NOT NULL,
    CONSTRAINT a_level_has_a_composite CHECK (((raw_level = '-1'::integer) = (composite IS NULL))),
    CONSTRAINT ages_are_finite CHECK ((NOT (('NaN'::real = ANY (input_ages_s)) OR ('Infinity'::real = ANY (input_ages_s)) OR ('-Infinity'::real = ANY (input_ages_s))))),
    CONSTRAINT counterfactual_is_a_fraction CHECK (((counterfactual >= (0)::double precision) AND (counterfactual <= (1)::double precision))),
    CONSTRAINT level_is_known CHECK (((level >= '-1'::integer) AND (level <= 3))),
    CONSTRAINT raw_level_is_known CHECK (((raw_level >= '-1'::integer) AND (raw_level <= 3))),
    CONSTRAINT scores_are_between_0_and_100 CHECK (((0 <= ALL (component_scores)) AND (10000 >= ALL (component_scores)))),
    CONSTRAINT values_are_finite CHECK ((NOT (('NaN'::real = ANY (component_values)) OR ('Infinity'::real = ANY (component_values)) OR ('-Infinity'::real = ANY (component_values)))))
)
PARTITION BY RANGE (scored_at);

COMMENT ON TABLE risk.score IS 'One evaluation of one scope: numbers only, sentences are rendered by score_explained; arrays in the order of score_component';

COMMENT ON COLUMN risk.score.scope IS 'symbol, or "account"';

COMMENT ON COLUMN risk.score.scored_at IS 'when it was judged, UTC';

COMMENT ON COLUMN risk.score.level IS 'reported level: 0 low, 1 medium, 2 high, 3 extreme; -1: no score possible';

COMMENT ON COLUMN risk.score.raw_level IS 'level before hysteresis; same numbers';

COMMENT ON COLUMN risk.score.floors IS 'bit mask of the floors that applied';

COMMENT ON COLUMN risk.score.missing IS 'bit mask over the components: an expected input is missing or stale';

COMMENT ON COLUMN risk.score.composite IS '0 to 100 before rounding; NULL: nothing is known';

COMMENT ON COLUMN risk.score.weighted IS '0 to 100; weighted mean of the known dimensions, without floors';

COMMENT ON COLUMN risk.score.market IS '0 to 100; NULL: unknown';

COMMENT ON COLUMN risk.score.liquidity IS '0 to 100; NULL: unknown';

COMMENT ON COLUMN risk.score.leverage IS '0 to 100; NULL: unknown';

COMMENT ON COLUMN risk.score.sentiment IS '0 to 100; NULL: unknown';

COMMENT ON COLUMN risk.score.counterfactual IS 'fraction by which the notional must fall for the level to come down one step; NULL: no position or no such fraction';

COMMENT ON COLUMN risk.score.limits_version IS 'limits it was judged by';

COMMENT ON COLUMN risk.score.component_values IS 'value per component, in its own unit; NULL: missing';

COMMENT ON COLUMN risk.score.component_scores IS 'hundredths of a point per component; NULL: missing';

COMMENT ON COLUMN risk.score.input_ages_s IS 'seconds between the oldest input of a component and scored_at; NULL: no input';

CREATE TABLE risk.score_component (
    ordinal smallint NOT NULL,
    component text NOT NULL,
    dimension text NOT NULL,
    unit text NOT NULL,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    CONSTRAINT unit_is_known CHECK ((unit = ANY (ARRAY['fraction'::text, 'times'::text, 'usdt'::text, 'sigmas'::text])))
);

COMMENT ON TABLE risk.score_component IS 'What stands at each place of the arrays of a score';

COMMENT ON COLUMN risk.score_component.ordinal IS 'place in the arrays, from 1';

COMMENT ON COLUMN risk.score_component.component IS 'its name in the limits';

COMMENT ON COLUMN risk.score_component.dimension IS 'the dimension it belongs to';

COMMENT ON COLUMN risk.score_component.unit IS 'fraction, times, usdt or sigmas (forecast daily moves)';

COMMENT ON COLUMN risk.score_component.name_en IS 'in words, English';

COMMENT ON COLUMN risk.score_component.name_zh IS 'in words, Chinese';

CREATE TABLE risk.score_default (
    scope text CONSTRAINT score_scope_not_null NOT NULL,
    scored_at timestamp with time zone CONSTRAINT score_scored_at_not_null NOT NULL,
    level smallint CONSTRAINT score_level_not_null NOT NULL,
    raw_level smallint CONSTRAINT score_raw_level_not_null NOT NULL,
    floors smallint CONSTRAINT score_floors_not_null NOT NULL,
    missing integer CONSTRAINT score_missing_not_null NOT NULL,
    composite risk.points,
    weighted risk.points,
    market risk.points,
    liquidity risk.points,
    leverage risk.points,
    sentiment risk.points,
    counterfactual real,
    limits_version text CONSTRAINT score_limits_version_not_null NOT NULL,
    component_values real[] CONSTRAINT score_component_values_not_null NOT NULL,
    component_scores smallint[] CONSTRAINT score_component_scores_not_null NOT NULL,
    input_ages_s real[] CONSTRAINT score_input_ages_s_not_null NOT NULL,
    CONSTRAINT a_level_has_a_composite CHECK (((raw_level = '-1'::integer) = (composite IS NULL))),
    CONSTRAINT ages_are_finite CHECK ((NOT (('NaN'::real = ANY (input_ages_s)) OR ('Infinity'::real = ANY (input_ages_s)) OR ('-Infinity'::real = ANY (input_ages_s))))),
    CONSTRAINT counterfactual_is_a_fraction CHECK (((counterfactual >= (0)::double precision) AND (counterfactual <= (1)::double precision))),
    CONSTRAINT level_is_known CHECK (((level >= '-1'::integer) AND (level <= 3))),
    CONSTRAINT raw_level_is_known CHECK (((raw_level >= '-1'::integer) AND (raw_level <= 3))),
    CONSTRAINT scores_are_between_0_and_100 CHECK (((0 <= ALL (component_scores)) AND (10000 >= ALL (component_scores)))),
    CONSTRAINT values_are_finite CHECK ((NOT (('NaN'::real = ANY (component_values)) OR ('Infinity'::real = ANY (component_values)) OR ('-Infinity'::real = ANY (component_values)))))
);

COMMENT ON TABLE risk.score_default IS 'Rows of days that have no partition of their own';

CREATE VIEW risk.score_explained AS
 SELECT s.scope,
    s.scored_at,
    c.ordinal,
    c.dimension,
    c.component,
    p.value,
    c.unit,
    t.threshold,
    ((p.score)::numeric / 100.0) AS score,
    p.age_s,
    (((s.missing >> (c.ordinal - 1)) & 1) = 1) AS is_missing,
    s.limits_version,
        CASE
            WHEN (p.score IS NOT NULL) THEN (((((((c.name_en || ': '::text) || risk.shown((p.value)::double precision, c.unit)) || ', score '::text) || trim_scale(((p.score)::numeric / 100.0))) || COALESCE(((' (high from '::text || risk.shown(t.threshold, c.unit)) || ')'::text), ''::text)) || COALESCE(((', '::text || round((p.age_s)::numeric)) || ' s old'::text), ''::text)) || '.'::text)
            WHEN (((s.missing >> (c.ordinal - 1)) & 1) = 1) THEN (((c.name_en || ': unknown'::text) || COALESCE(((', the last input is '::text || round((p.age_s)::numeric)) || ' s old'::text), ', no input'::text)) || '.'::text)
            ELSE (c.name_en || ': takes no part.'::text)
        END AS sentence_en,
        CASE
            WHEN (p.score IS NOT NULL) THEN (((((((c.name_zh || '：'::text) || risk.shown((p.value)::double precision, c.unit)) || '，得分 '::text) || trim_scale(((p.score)::numeric / 100.0))) || COALESCE((('（'::text || risk.shown(t.threshold, c.unit)) || ' 起为高风险）'::text), ''::text)) || COALESCE((('，数据为 '::text || round((p.age_s)::numeric)) || ' 秒前'::text), ''::text)) || '。'::text)
            WHEN (((s.missing >> (c.ordinal - 1)) & 1) = 1) THEN (((c.name_zh || '：未知'::text) || COALESCE((('，最近数据为 '::text || round((p.age_s)::numeric)) || ' 秒前'::text), '，没有数据'::text)) || '。'::text)
            ELSE (c.name_zh || '：不参与评分。'::text)
        END AS sentence_zh
   FROM ((((risk.score s
     CROSS JOIN LATERAL UNNEST(s.component_values, s.component_scores, s.input_ages_s) WITH ORDINALITY p(value, score, age_s, ordinal))
     JOIN risk.score_component c ON ((c.ordinal = p.ordinal)))
     LEFT JOIN risk.limits l ON ((l.version = s.limits_version)))
     LEFT JOIN LATERAL ( SELECT (q.x + ((((61)::double precision - q.y) * (q.next_x - q.x)) / (q.next_y - q.y))) AS threshold
           FROM ( SELECT ((e.point ->> 0))::double precision AS x,
                    ((e.point ->> 1))::double precision AS y,
                    lead(((e.point ->> 0))::double precision) OVER (ORDER BY e.place) AS next_x,
                    lead(((e.point ->> 1))::double precision) OVER (ORDER BY e.place) AS next_y
                   FROM jsonb_array_elements(((l.body -> 'curves'::text) -> c.component)) WITH ORDINALITY e(point, place)) q
          WHERE ((q.y <> q.next_y) AND (((61)::double precision >= LEAST(q.y, q.next_y)) AND ((61)::double precision <= GREATEST(q.y, q.next_y))))
          ORDER BY q.x
         LIMIT 1) t ON (true));

COMMENT ON VIEW risk.score_explained IS 'Each component of each score with unit, threshold and one sentence; where a high score begins (61) is read from the limits it was judged by';

COMMENT ON COLUMN risk.score_explained.scope IS 'symbol, or "account"';

COMMENT ON COLUMN risk.score_explained.scored_at IS 'when it was judged, UTC';

COMMENT ON COLUMN risk.score_explained.ordinal IS 'place of the component, from 1';

COMMENT ON COLUMN risk.score_explained.dimension IS 'market, liquidity, leverage or sentiment';

COMMENT ON COLUMN risk.score_explained.component IS 'name of the component in the limits';

COMMENT ON COLUMN risk.score_explained.value IS 'in the unit beside it; NULL: missing';

COMMENT ON COLUMN risk.score_explained.unit IS 'fraction, times, usdt or sigmas (forecast daily moves)';

COMMENT ON COLUMN risk.score_explained.threshold IS 'value at which a high score (61) begins, same unit; NULL: no such value';

COMMENT ON COLUMN risk.score_explained.score IS '0 to 100; NULL: missing';

COMMENT ON COLUMN risk.score_explained.age_s IS 'seconds between the oldest input and scored_at; NULL: no input';

COMMENT ON COLUMN risk.score_explained.is_missing IS 'an expected input was missing or stale';

COMMENT ON COLUMN risk.score_explained.limits_version IS 'limits it was judged by';

COMMENT ON COLUMN risk.score_explained.sentence_en IS 'one sentence, English';

COMMENT ON COLUMN risk.score_explained.sentence_zh IS 'one sentence, Chinese';

CREATE TABLE risk.score_memory (
    scope text NOT NULL,
    level smallint NOT NULL,
    pending_level smallint NOT NULL,
    rise_count smallint NOT NULL,
    fall_count smallint NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    CONSTRAINT counts_are_not_negative CHECK (((rise_count >= 0) AND (fall_count >= 0)))
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.score_memory IS 'What the level hysteresis remembers of one scope';

COMMENT ON COLUMN risk.score_memory.scope IS 'symbol, or "account"';

COMMENT ON COLUMN risk.score_memory.level IS 'reported level: 0 low, 1 medium, 2 high, 3 extreme; -1: none';

COMMENT ON COLUMN risk.score_memory.pending_level IS 'level that the rise counter counts towards';

COMMENT ON COLUMN risk.score_memory.rise_count IS 'evaluations in a row at or above the pending level';

COMMENT ON COLUMN risk.score_memory.fall_count IS 'evaluations in a row clearly below the level';

COMMENT ON COLUMN risk.score_memory.scored_at IS 'the evaluation that left this, UTC';

CREATE TABLE risk.silence (
    silence_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    scope text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT it_does_not_end_before_it_begins CHECK ((ends_at >= starts_at)),
    CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['silence'::text, 'acknowledge'::text])))
);

COMMENT ON TABLE risk.silence IS 'What a person does not want to be told for a while; an earlier end lifts it';

COMMENT ON COLUMN risk.silence.silence_id IS 'random';

COMMENT ON COLUMN risk.silence.kind IS '"silence": nothing of it; "acknowledge": no repeats of what stood then, but worse and over';

COMMENT ON COLUMN risk.silence.name IS 'name of the alerts; * stands for any characters';

COMMENT ON COLUMN risk.silence.scope IS 'their scope, or its symbol; * stands for any characters';

COMMENT ON COLUMN risk.silence.starts_at IS 'UTC';

COMMENT ON COLUMN risk.silence.ends_at IS 'UTC';

COMMENT ON COLUMN risk.silence.made_by IS '"command" or the channel and chat that asked for it';

COMMENT ON COLUMN risk.silence.reason IS 'the person''s words; may be empty';

CREATE TABLE risk.strategy_pair (
    studied_at timestamp with time zone NOT NULL,
    period text NOT NULL,
    first text NOT NULL,
    second text NOT NULL,
    overlap integer NOT NULL,
    sample risk.statistic,
    shrunk risk.statistic,
    ewma risk.statistic,
    stressed risk.statistic,
    CONSTRAINT correlations_lie_within_one CHECK ((GREATEST(abs((sample)::double precision), abs((shrunk)::double precision), abs((ewma)::double precision), abs((stressed)::double precision)) <= (1)::double precision)),
    CONSTRAINT names_are_in_order CHECK ((first < second))
);

COMMENT ON TABLE risk.strategy_pair IS 'How two strategies move together: one row per study, period and pair, the first name below the second';

COMMENT ON COLUMN risk.strategy_pair.studied_at IS 'strategy_study';

COMMENT ON COLUMN risk.strategy_pair.period IS 'strategy_study';

COMMENT ON COLUMN risk.strategy_pair.first IS 'a strategy';

COMMENT ON COLUMN risk.strategy_pair.second IS 'another one';

COMMENT ON COLUMN risk.strategy_pair.overlap IS 'periods that both have';

COMMENT ON COLUMN risk.strategy_pair.sample IS 'correlation over the common periods; NULL, here and below: insufficient overlap';

COMMENT ON COLUMN risk.strategy_pair.shrunk IS 'correlation by Ledoit-Wolf shrinkage over the periods that the whole book has';

COMMENT ON COLUMN risk.strategy_pair.ewma IS 'correlation with weights that halve every 30 days';

COMMENT ON COLUMN risk.strategy_pair.stressed IS 'correlation over the worst tenth of the periods of the book';

CREATE TABLE risk.strategy_return (
    strategy text NOT NULL,
    period text NOT NULL,
    value risk.statistic NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT period_is_known CHECK ((period = ANY (ARRAY['1d'::text, '1h'::text])))
);

COMMENT ON TABLE risk.strategy_return IS 'One period''s return of one strategy; event_at is the period''s end';

COMMENT ON COLUMN risk.strategy_return.strategy IS 'name given by the trader';

COMMENT ON COLUMN risk.strategy_return.period IS '"1d" or "1h"';

COMMENT ON COLUMN risk.strategy_return.value IS 'fraction';

COMMENT ON COLUMN risk.strategy_return.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.strategy_return.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.strategy_return.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.strategy_share (
    studied_at timestamp with time zone NOT NULL,
    period text NOT NULL,
    strategy text NOT NULL,
    place integer NOT NULL,
    cluster integer NOT NULL,
    periods integer NOT NULL,
    sigma risk.statistic,
    weight risk.statistic NOT NULL,
    contribution risk.statistic,
    reason text NOT NULL
);

COMMENT ON TABLE risk.strategy_share IS 'Whose the risk is: one row per study, period and strategy';

COMMENT ON COLUMN risk.strategy_share.studied_at IS 'strategy_study';

COMMENT ON COLUMN risk.strategy_share.period IS 'strategy_study';

COMMENT ON COLUMN risk.strategy_share.strategy IS 'name given by the trader';

COMMENT ON COLUMN risk.strategy_share.place IS 'in the heat map, from 0; relatives side by side';

COMMENT ON COLUMN risk.strategy_share.cluster IS 'group of relatives that join above a correlation of 0.7, from 0 along the places';

COMMENT ON COLUMN risk.strategy_share.periods IS 'with a return; the others are missing, not 0';

COMMENT ON COLUMN risk.strategy_share.sigma IS 'of a period''s return, fraction; NULL: too few periods';

COMMENT ON COLUMN risk.strategy_share.weight IS 'share of the capital of the book, fraction; 0: not in the book';

COMMENT ON COLUMN risk.strategy_share.contribution IS 'share of the risk of the book, fraction, below 0 for a hedge; NULL: not in the book';

COMMENT ON COLUMN risk.strategy_share.reason IS 'empty, or why it is not in the book';

CREATE TABLE risk.strategy_study (
    studied_at timestamp with time zone NOT NULL,
    period text NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    strategies integer NOT NULL,
    members integer NOT NULL,
    basis text NOT NULL,
    mean_recent risk.statistic,
    recent_pairs integer NOT NULL,
    diversification_ratio risk.statistic,
    effective_bets risk.statistic,
    CONSTRAINT correlation_lies_within_one CHECK ((((mean_recent)::double precision >= ('-1'::integer)::double precision) AND ((mean_recent)::double precision <= (1)::double precision))),
    CONSTRAINT period_is_known CHECK ((period = ANY (ARRAY['1d'::text, '1h'::text])))
);

COMMENT ON TABLE risk.strategy_study IS 'What the strategies'' returns said together: one row per study and period';

COMMENT ON COLUMN risk.strategy_study.studied_at IS 'when it was computed, UTC';

COMMENT ON COLUMN risk.strategy_study.period IS '"1d" or "1h": of the returns';

COMMENT ON COLUMN risk.strategy_study.first_at IS 'end of the first period, UTC';

COMMENT ON COLUMN risk.strategy_study.last_at IS 'end of the last period, UTC';

COMMENT ON COLUMN risk.strategy_study.strategies IS 'how many have a return in it';

COMMENT ON COLUMN risk.strategy_study.members IS 'of them in the book: with a return in the last 30 days and enough common periods';

COMMENT ON COLUMN risk.strategy_study.basis IS 'covariance behind the contributions: "ledoit-wolf", "sample", or empty: none';

COMMENT ON COLUMN risk.strategy_study.mean_recent IS 'mean correlation of the pairs of the book over the last 30 days; NULL: unknown';

COMMENT ON COLUMN risk.strategy_study.recent_pairs IS 'how many pairs that is';

COMMENT ON COLUMN risk.strategy_study.diversification_ratio IS 'sum of weighted sigmas over the sigma of the book, at least 1 for a book of longs; NULL: unknown';

COMMENT ON COLUMN risk.strategy_study.effective_bets IS 'independent bets that the book amounts to; NULL: unknown';

CREATE TABLE risk.stream_lease (
    symbol text NOT NULL,
    holder text NOT NULL,
    held_until timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

COMMENT ON TABLE risk.stream_lease IS 'Which process keeps the streams of a symbol';

COMMENT ON COLUMN risk.stream_lease.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.stream_lease.holder IS 'process';

COMMENT ON COLUMN risk.stream_lease.held_until IS 'end of the lease unless renewed, UTC';

CREATE TABLE risk.stress_move (
    scenario text NOT NULL,
    symbol text NOT NULL,
    hours smallint NOT NULL,
    fall risk.statistic,
    rise risk.statistic,
    is_bound boolean NOT NULL,
    source text NOT NULL,
    CONSTRAINT a_fall_ends_at_zero CHECK (((fall)::double precision >= ('-1'::integer)::double precision)),
    CONSTRAINT a_rise_is_not_negative CHECK (((rise)::double precision >= (0)::double precision)),
    CONSTRAINT hours_are_positive CHECK ((hours > 0))
);

COMMENT ON TABLE risk.stress_move IS 'Worst moves of past crashes by symbol; a symbol without a row moves by its beta times BTCUSDT''s move';

COMMENT ON COLUMN risk.stress_move.scenario IS 'crash';

COMMENT ON COLUMN risk.stress_move.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.stress_move.hours IS 'length of the window, 1 or 24';

COMMENT ON COLUMN risk.stress_move.fall IS 'from a bar''s open to the lowest low within the window, fraction; NULL: no archive tells';

COMMENT ON COLUMN risk.stress_move.rise IS 'from a bar''s open to the highest close within the window, fraction; NULL: no archive tells';

COMMENT ON COLUMN risk.stress_move.is_bound IS 'known from whole days only, so a lower bound: beta times BTCUSDT''s move counts where it is larger';

COMMENT ON COLUMN risk.stress_move.source IS 'archive and bars, or why there is none; made by `python -m risk.adapters.episodes FOLDER`';

CREATE TABLE risk.stress_scenario (
    scenario text NOT NULL,
    begins_on date NOT NULL,
    ends_on date NOT NULL,
    depth_left risk.statistic NOT NULL,
    collateral_left risk.statistic NOT NULL,
    source text NOT NULL,
    CONSTRAINT collateral_left_is_a_share CHECK ((((collateral_left)::double precision > (0)::double precision) AND ((collateral_left)::double precision <= (1)::double precision))),
    CONSTRAINT days_are_in_order CHECK ((begins_on <= ends_on)),
    CONSTRAINT depth_left_is_a_share CHECK ((((depth_left)::double precision > (0)::double precision) AND ((depth_left)::double precision <= (1)::double precision)))
);

COMMENT ON TABLE risk.stress_scenario IS 'Past crashes that the present book is held against';

COMMENT ON COLUMN risk.stress_scenario.scenario IS 'its days';

COMMENT ON COLUMN risk.stress_scenario.begins_on IS 'first day, UTC';

COMMENT ON COLUMN risk.stress_scenario.ends_on IS 'last day, UTC';

COMMENT ON COLUMN risk.stress_scenario.depth_left IS 'share of the book''s depth that stayed; 1 where nothing is known';

COMMENT ON COLUMN risk.stress_scenario.collateral_left IS 'share of its worth that collateral other than USDT kept; applied in multi-assets mode';

COMMENT ON COLUMN risk.stress_scenario.source IS 'where depth and collateral are from, or that nothing is known';

CREATE TABLE risk.telling (
    alert_id uuid NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    message_id uuid,
    CONSTRAINT told_means_a_message CHECK (((reason = 'told'::text) = (message_id IS NOT NULL)))
);

COMMENT ON TABLE risk.telling IS 'Each decision to speak of an alert or not, written when it differs from the one before';

COMMENT ON COLUMN risk.telling.alert_id IS 'alert';

COMMENT ON COLUMN risk.telling.decided_at IS 'evaluation that decided it, UTC';

COMMENT ON COLUMN risk.telling.kind IS 'what there was to say: "pending", "fired", "escalated", "reminder" or "resolved"';

COMMENT ON COLUMN risk.telling.reason IS '"told", or why not: "silenced", "acknowledged", "muted by NAME", "quiet hours", "grouped", …';

COMMENT ON COLUMN risk.telling.message_id IS 'message that told it';

CREATE TABLE risk.ticker (
    symbol text NOT NULL,
    venue text NOT NULL,
    last_price risk.price NOT NULL,
    price_change risk.statistic NOT NULL,
    high risk.price NOT NULL,
    low risk.price NOT NULL,
    volume risk.amount NOT NULL,
    quote_volume risk.amount NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT volumes_are_not_negative CHECK ((((volume)::numeric >= (0)::numeric) AND ((quote_volume)::numeric >= (0)::numeric)))
)
PARTITION BY RANGE (event_at);

COMMENT ON TABLE risk.ticker IS 'Rolling 24 hours of one symbol';

COMMENT ON COLUMN risk.ticker.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.ticker.venue IS '"usdm" or "spot"';

COMMENT ON COLUMN risk.ticker.last_price IS 'USDT per coin';

COMMENT ON COLUMN risk.ticker.price_change IS 'fraction over 24 h';

COMMENT ON COLUMN risk.ticker.high IS 'USDT per coin over 24 h';

COMMENT ON COLUMN risk.ticker.low IS 'USDT per coin over 24 h';

COMMENT ON COLUMN risk.ticker.volume IS 'coins over 24 h';

COMMENT ON COLUMN risk.ticker.quote_volume IS 'USDT over 24 h';

COMMENT ON COLUMN risk.ticker.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.ticker.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.ticker.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.ticker_default (
    symbol text CONSTRAINT ticker_symbol_not_null NOT NULL,
    venue text CONSTRAINT ticker_venue_not_null NOT NULL,
    last_price risk.price CONSTRAINT ticker_last_price_not_null NOT NULL,
    price_change risk.statistic CONSTRAINT ticker_price_change_not_null NOT NULL,
    high risk.price CONSTRAINT ticker_high_not_null NOT NULL,
    low risk.price CONSTRAINT ticker_low_not_null NOT NULL,
    volume risk.amount CONSTRAINT ticker_volume_not_null NOT NULL,
    quote_volume risk.amount CONSTRAINT ticker_quote_volume_not_null NOT NULL,
    event_at timestamp with time zone CONSTRAINT ticker_event_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT ticker_received_at_not_null NOT NULL,
    source text CONSTRAINT ticker_source_not_null NOT NULL,
    CONSTRAINT volumes_are_not_negative CHECK ((((volume)::numeric >= (0)::numeric) AND ((quote_volume)::numeric >= (0)::numeric)))
);

COMMENT ON TABLE risk.ticker_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.var_forecast (
    scope text NOT NULL,
    "interval" text NOT NULL,
    bar_at timestamp with time zone NOT NULL,
    method text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    fitted_from timestamp with time zone NOT NULL,
    fitted_through timestamp with time zone NOT NULL,
    fitted_returns integer NOT NULL,
    note text NOT NULL,
    symbols text[] NOT NULL,
    weights double precision[] NOT NULL,
    gross_usdt risk.statistic,
    var_95 risk.statistic,
    es_95 risk.statistic,
    var_99 risk.statistic,
    es_99 risk.statistic,
    CONSTRAINT gross_is_not_negative CHECK (((gross_usdt)::double precision >= (0)::double precision)),
    CONSTRAINT interval_is_hour_or_day CHECK (("interval" = ANY (ARRAY['1h'::text, '1d'::text]))),
    CONSTRAINT returns_are_counted CHECK ((fitted_returns >= 0)),
    CONSTRAINT weights_are_finite CHECK ((NOT (('NaN'::double precision = ANY (weights)) OR ('Infinity'::double precision = ANY (weights)) OR ('-Infinity'::double precision = ANY (weights))))),
    CONSTRAINT weights_belong_to_symbols CHECK ((cardinality(symbols) = cardinality(weights)))
);

COMMENT ON TABLE risk.var_forecast IS 'Forecasts of value at risk and expected shortfall: one row per scope, interval, bar and method, made from the bars before it';

COMMENT ON COLUMN risk.var_forecast.scope IS '"BTCUSDT" (one USDT held long), "BTCUSDT/SHORT" (one held short) or "account" (the book of open positions)';

COMMENT ON COLUMN risk.var_forecast."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.var_forecast.bar_at IS 'opening of the bar that is forecast, UTC';

COMMENT ON COLUMN risk.var_forecast.method IS '"historical", "filtered_historical", "normal", "student_t", "ewma" or "gjr_garch_t"';

COMMENT ON COLUMN risk.var_forecast.made_at IS 'when it was computed, UTC; after bar_at where history was filled in';

COMMENT ON COLUMN risk.var_forecast.fitted_from IS 'opening of the first bar whose return was fitted, UTC';

COMMENT ON COLUMN risk.var_forecast.fitted_through IS 'opening of the last one, UTC; later returns only move sigma and the rolling window';

COMMENT ON COLUMN risk.var_forecast.fitted_returns IS 'how many returns were fitted; gaps are left out';

COMMENT ON COLUMN risk.var_forecast.note IS 'why EWMA stood in, or why there is no answer; empty otherwise';

COMMENT ON COLUMN risk.var_forecast.symbols IS 'contracts of the book, or the one symbol';

COMMENT ON COLUMN risk.var_forecast.weights IS 'signed weight of each symbol: 1 or -1, or USDT of notional for the book';

COMMENT ON COLUMN risk.var_forecast.gross_usdt IS 'USDT that the fractions are of: sum of the weights'' sizes; NULL for one USDT, and for a book that is unknown';

COMMENT ON COLUMN risk.var_forecast.var_95 IS 'loss that one bar in twenty exceeds, fraction of gross; NULL: no answer';

COMMENT ON COLUMN risk.var_forecast.es_95 IS 'mean loss of the bars that exceed var_95, fraction of gross';

COMMENT ON COLUMN risk.var_forecast.var_99 IS 'loss that one bar in a hundred exceeds, fraction of gross; NULL: no answer';

COMMENT ON COLUMN risk.var_forecast.es_99 IS 'mean loss of the bars that exceed var_99, fraction of gross';

CREATE TABLE risk.var_outcome (
    scope text NOT NULL,
    "interval" text NOT NULL,
    bar_at timestamp with time zone NOT NULL,
    loss risk.statistic NOT NULL,
    judged_at timestamp with time zone NOT NULL,
    CONSTRAINT interval_is_hour_or_day CHECK (("interval" = ANY (ARRAY['1h'::text, '1d'::text])))
);

COMMENT ON TABLE risk.var_outcome IS 'What bars that had been forecast really lost: one row per scope, interval and bar';

COMMENT ON COLUMN risk.var_outcome.scope IS 'as in var_forecast';

COMMENT ON COLUMN risk.var_outcome."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.var_outcome.bar_at IS 'opening of the bar, UTC';

COMMENT ON COLUMN risk.var_outcome.loss IS 'fraction of gross, below 0 is a gain; the book''s at the weights of its forecast';

COMMENT ON COLUMN risk.var_outcome.judged_at IS 'when the bar was in, UTC';

CREATE VIEW risk.var_exception AS
 SELECT f.scope,
    f."interval",
    f.bar_at,
    f.method,
    o.loss,
    f.var_95,
    f.es_95,
    f.var_99,
    f.es_99,
    ((o.loss)::double precision > (f.var_99)::double precision) AS is_beyond_99,
    f.gross_usdt,
    f.made_at
   FROM (risk.var_forecast f
     JOIN risk.var_outcome o ON (((o.scope = f.scope) AND (o."interval" = f."interval") AND (o.bar_at = f.bar_at))))
  WHERE (((o.loss)::double precision > (f.var_95)::double precision) OR ((o.loss)::double precision > (f.var_99)::double precision));

COMMENT ON VIEW risk.var_exception IS 'Bars that lost more than a method said: one row per scope, interval, bar and method';

COMMENT ON COLUMN risk.var_exception.scope IS 'as in var_forecast';

COMMENT ON COLUMN risk.var_exception."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.var_exception.bar_at IS 'opening of the bar, UTC';

COMMENT ON COLUMN risk.var_exception.method IS 'as in var_forecast';

COMMENT ON COLUMN risk.var_exception.loss IS 'fraction of gross';

COMMENT ON COLUMN risk.var_exception.var_95 IS 'fraction of gross';

COMMENT ON COLUMN risk.var_exception.es_95 IS 'fraction of gross';

COMMENT ON COLUMN risk.var_exception.var_99 IS 'fraction of gross';

COMMENT ON COLUMN risk.var_exception.es_99 IS 'fraction of gross';

COMMENT ON COLUMN risk.var_exception.is_beyond_99 IS 'whether it lost more than var_99 too';

COMMENT ON COLUMN risk.var_exception.gross_usdt IS 'USDT that the fractions are of; NULL for one USDT';

COMMENT ON COLUMN risk.var_exception.made_at IS 'when the forecast was computed, UTC';

CREATE TABLE risk.var_share (
    "interval" text NOT NULL,
    bar_at timestamp with time zone NOT NULL,
    level risk.statistic NOT NULL,
    symbol text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    method text NOT NULL,
    notional_usdt risk.statistic NOT NULL,
    total_usdt risk.statistic NOT NULL,
    marginal risk.statistic,
    component_usdt risk.statistic NOT NULL,
    incremental_usdt risk.statistic NOT NULL,
    CONSTRAINT interval_is_hour_or_day CHECK (("interval" = ANY (ARRAY['1h'::text, '1d'::text])))
);

COMMENT ON TABLE risk.var_share IS 'Whose the book''s value at risk is, by the method in use: one row per interval, bar, level and symbol';

COMMENT ON COLUMN risk.var_share."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.var_share.bar_at IS 'opening of the bar that is forecast, UTC';

COMMENT ON COLUMN risk.var_share.level IS '0.95 or 0.99';

COMMENT ON COLUMN risk.var_share.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.var_share.made_at IS 'when it was computed, UTC';

COMMENT ON COLUMN risk.var_share.method IS 'as in var_forecast';

COMMENT ON COLUMN risk.var_share.notional_usdt IS 'USDT, signed: long above 0';

COMMENT ON COLUMN risk.var_share.total_usdt IS 'USDT; VaR of the whole book, the sum of the components';

COMMENT ON COLUMN risk.var_share.marginal IS 'change of the VaR in USDT per USDT of notional';

COMMENT ON COLUMN risk.var_share.component_usdt IS 'USDT; notional times marginal';

COMMENT ON COLUMN risk.var_share.incremental_usdt IS 'USDT; total less the VaR of the book without the symbol; below 0 for a hedge';

CREATE TABLE risk.var_switch (
    scope text NOT NULL,
    "interval" text NOT NULL,
    switched_at timestamp with time zone NOT NULL,
    method_before text NOT NULL,
    method text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT interval_is_hour_or_day CHECK (("interval" = ANY (ARRAY['1h'::text, '1d'::text])))
);

COMMENT ON TABLE risk.var_switch IS 'Changes of the method in use, with the reason';

COMMENT ON COLUMN risk.var_switch.scope IS 'as in var_forecast';

COMMENT ON COLUMN risk.var_switch."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.var_switch.switched_at IS 'when, UTC';

COMMENT ON COLUMN risk.var_switch.method_before IS 'in use until then';

COMMENT ON COLUMN risk.var_switch.method IS 'in use since';

COMMENT ON COLUMN risk.var_switch.reason IS 'why the methods before it in the chain are not in use; empty when the first came back';

CREATE TABLE risk.venue_funding (
    venue text NOT NULL,
    symbol text NOT NULL,
    funding_rate risk.statistic NOT NULL,
    interval_hours risk.statistic NOT NULL,
    funding_8h risk.statistic NOT NULL,
    open_interest_usd risk.amount,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT interval_is_positive CHECK (((interval_hours)::double precision > (0)::double precision))
);

COMMENT ON TABLE risk.venue_funding IS 'Funding and open interest of one symbol on another exchange';

COMMENT ON COLUMN risk.venue_funding.venue IS '"okx", "bybit", "bitget", "gate", "hyperliquid" or "deribit"';

COMMENT ON COLUMN risk.venue_funding.symbol IS 'our name of the contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.venue_funding.funding_rate IS 'fraction per interval, as quoted';

COMMENT ON COLUMN risk.venue_funding.interval_hours IS 'hours between settlements';

COMMENT ON COLUMN risk.venue_funding.funding_8h IS 'fraction per 8 hours';

COMMENT ON COLUMN risk.venue_funding.open_interest_usd IS 'USD';

COMMENT ON COLUMN risk.venue_funding.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.venue_funding.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.venue_funding.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.volatility_fit (
    symbol text NOT NULL,
    "interval" text NOT NULL,
    method text NOT NULL,
    reason text NOT NULL,
    observations integer NOT NULL,
    mu risk.statistic,
    omega risk.statistic,
    alpha risk.statistic,
    gamma risk.statistic,
    beta risk.statistic,
    nu risk.statistic,
    decay risk.statistic,
    backcast risk.statistic,
    log_likelihood risk.statistic,
    convergence_flag smallint,
    persistence risk.statistic,
    last_variance risk.statistic,
    last_residual risk.statistic,
    sigma_next risk.statistic NOT NULL,
    quantile_01 risk.statistic,
    quantile_05 risk.statistic,
    event_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    CONSTRAINT sigma_is_positive CHECK (((sigma_next)::double precision > (0)::double precision))
);

COMMENT ON TABLE risk.volatility_fit IS 'One daily refit of a volatility model; event_at is the close of the last bar used; parameters are for returns times 100';

COMMENT ON COLUMN risk.volatility_fit.symbol IS 'contract, e.g. BTCUSDT';

COMMENT ON COLUMN risk.volatility_fit."interval" IS '"1h" or "1d"';

COMMENT ON COLUMN risk.volatility_fit.method IS '"gjr-garch-t" or "ewma"';

COMMENT ON COLUMN risk.volatility_fit.reason IS 'empty, or why the fallback was taken';

COMMENT ON COLUMN risk.volatility_fit.observations IS 'returns used';

COMMENT ON COLUMN risk.volatility_fit.mu IS 'percent; mean return';

COMMENT ON COLUMN risk.volatility_fit.omega IS 'percent squared';

COMMENT ON COLUMN risk.volatility_fit.alpha IS 'weight of the last squared residual';

COMMENT ON COLUMN risk.volatility_fit.gamma IS 'extra weight when it was a loss';

COMMENT ON COLUMN risk.volatility_fit.beta IS 'weight of the last variance';

COMMENT ON COLUMN risk.volatility_fit.nu IS 'degrees of freedom of the t distribution';

COMMENT ON COLUMN risk.volatility_fit.decay IS 'lambda of the fallback';

COMMENT ON COLUMN risk.volatility_fit.backcast IS 'percent squared; variance before the first return';

COMMENT ON COLUMN risk.volatility_fit.log_likelihood IS 'natural logarithm';

COMMENT ON COLUMN risk.volatility_fit.convergence_flag IS 'the optimiser''s word; 0 is success';

COMMENT ON COLUMN risk.volatility_fit.persistence IS 'alpha + gamma / 2 + beta';

COMMENT ON COLUMN risk.volatility_fit.last_variance IS 'percent squared; of the last bar';

COMMENT ON COLUMN risk.volatility_fit.last_residual IS 'percent; of the last bar';

COMMENT ON COLUMN risk.volatility_fit.sigma_next IS 'fraction; next bar''s standard deviation';

COMMENT ON COLUMN risk.volatility_fit.quantile_01 IS 'standardised innovation at 1 %';

COMMENT ON COLUMN risk.volatility_fit.quantile_05 IS 'standardised innovation at 5 %';

COMMENT ON COLUMN risk.volatility_fit.event_at IS 'the exchange''s time, UTC';

COMMENT ON COLUMN risk.volatility_fit.received_at IS 'when it reached us, UTC';

COMMENT ON COLUMN risk.volatility_fit.source IS '"rest", "stream", "archive", "import" or "derived"';

ALTER TABLE ONLY risk.account ATTACH PARTITION risk.account_default DEFAULT;

ALTER TABLE ONLY risk.depth ATTACH PARTITION risk.depth_default DEFAULT;

ALTER TABLE ONLY risk.mark ATTACH PARTITION risk.mark_default DEFAULT;

ALTER TABLE ONLY risk.open_interest ATTACH PARTITION risk.open_interest_default DEFAULT;

ALTER TABLE ONLY risk."position" ATTACH PARTITION risk.position_default DEFAULT;

ALTER TABLE ONLY risk.score ATTACH PARTITION risk.score_default DEFAULT;

ALTER TABLE ONLY risk.ticker ATTACH PARTITION risk.ticker_default DEFAULT;

ALTER TABLE ONLY risk.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (account, event_at);

ALTER TABLE ONLY risk.account_default
    ADD CONSTRAINT account_default_pkey PRIMARY KEY (account, event_at);

ALTER TABLE ONLY risk.adl_risk
    ADD CONSTRAINT adl_risk_pkey PRIMARY KEY (symbol, event_at);

ALTER TABLE ONLY risk.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (alert_id);

ALTER TABLE ONLY risk.archive_file
    ADD CONSTRAINT archive_file_pkey PRIMARY KEY (path);

ALTER TABLE ONLY risk.archived_depth
    ADD CONSTRAINT archived_depth_pkey PRIMARY KEY (symbol, event_at);

ALTER TABLE ONLY risk.backtest_score_area
    ADD CONSTRAINT backtest_score_area_pkey PRIMARY KEY (run_id, bars, ranked_by);

ALTER TABLE ONLY risk.backtest_score_bin
    ADD CONSTRAINT backtest_score_bin_pkey PRIMARY KEY (run_id, low);

ALTER TABLE ONLY risk.backtest_score_crash
    ADD CONSTRAINT backtest_score_crash_pkey PRIMARY KEY (run_id, crash, symbol, bar_s);

ALTER TABLE ONLY risk.backtest_score_level
    ADD CONSTRAINT backtest_score_level_pkey PRIMARY KEY (run_id, bars, level);

ALTER TABLE ONLY risk.backtest_score
    ADD CONSTRAINT backtest_score_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY risk.backtest_score_position
    ADD CONSTRAINT backtest_score_position_pkey PRIMARY KEY (run_id, crash, symbol, side, leverage);

ALTER TABLE ONLY risk.backtest_score_track
    ADD CONSTRAINT backtest_score_track_pkey PRIMARY KEY (run_id, symbol, bar_s, first_at);

ALTER TABLE ONLY risk.backtest_score_year
    ADD CONSTRAINT backtest_score_year_pkey PRIMARY KEY (run_id, symbol, bar_s, first_at, year);

ALTER TABLE ONLY risk.bracket_check
    ADD CONSTRAINT bracket_check_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY risk.data_issue
    ADD CONSTRAINT data_issue_pkey PRIMARY KEY (source, symbol, field, problem, hour_at);

ALTER TABLE ONLY risk.decision
    ADD CONSTRAINT decision_pkey PRIMARY KEY (decision_id);

ALTER TABLE ONLY risk.delivery_attempt
    ADD CONSTRAINT delivery_attempt_pkey PRIMARY KEY (message_id, channel, attempt);

ALTER TABLE ONLY risk.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (message_id, channel);

ALTER TABLE ONLY risk.depth
    ADD CONSTRAINT depth_pkey PRIMARY KEY (symbol, venue, event_at);

ALTER TABLE ONLY risk.depth_default
    ADD CONSTRAINT depth_default_pkey PRIMARY KEY (symbol, venue, event_at);

ALTER TABLE ONLY risk.depth_hour
    ADD CONSTRAINT depth_hour_pkey PRIMARY KEY (symbol, venue, hour_at);

ALTER TABLE ONLY risk.depth_minute
    ADD CONSTRAINT depth_minute_pkey PRIMARY KEY (symbol, venue, minute_at);

ALTER TABLE ONLY risk.divergence
    ADD CONSTRAINT divergence_pkey PRIMARY KEY (symbol, "interval", indicator, kind, event_at);

ALTER TABLE ONLY risk.equity_hour
    ADD CONSTRAINT equity_hour_pkey PRIMARY KEY (account, hour_at);

ALTER TABLE ONLY risk.exchange_ban
    ADD CONSTRAINT exchange_ban_pkey PRIMARY KEY (host);

ALTER TABLE ONLY risk.fact
    ADD CONSTRAINT fact_pkey PRIMARY KEY (name);

ALTER TABLE ONLY risk.flow_progress
    ADD CONSTRAINT flow_progress_pkey PRIMARY KEY (flow, scope);

ALTER TABLE ONLY risk.funding
    ADD CONSTRAINT funding_pkey PRIMARY KEY (symbol, event_at);

ALTER TABLE ONLY risk.funding_terms
    ADD CONSTRAINT funding_terms_pkey PRIMARY KEY (symbol, event_at);

ALTER TABLE ONLY risk.heartbeat
    ADD CONSTRAINT heartbeat_pkey PRIMARY KEY (part);

ALTER TABLE ONLY risk.income
    ADD CONSTRAINT income_pkey PRIMARY KEY (account, transaction_id, income_type, symbol, asset);

ALTER TABLE ONLY risk.indicator
    ADD CONSTRAINT indicator_pkey PRIMARY KEY (symbol, "interval", event_at);

ALTER TABLE ONLY risk.instrument
    ADD CONSTRAINT instrument_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY risk.insurance_group
    ADD CONSTRAINT insurance_group_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY risk.insurance
    ADD CONSTRAINT insurance_pkey PRIMARY KEY (group_key, asset, event_at);

ALTER TABLE ONLY risk.kline
    ADD CONSTRAINT kline_pkey PRIMARY KEY (symbol, venue, "interval", open_at);

ALTER TABLE ONLY risk.latest_account
    ADD CONSTRAINT latest_account_pkey PRIMARY KEY (account);

ALTER TABLE ONLY risk.latest_adl_risk
    ADD CONSTRAINT latest_adl_risk_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY risk.latest_depth
    ADD CONSTRAINT latest_depth_pkey PRIMARY KEY (symbol, venue);

ALTER TABLE ONLY risk.latest_divergence
    ADD CONSTRAINT latest_divergence_pkey PRIMARY KEY (symbol, "interval", indicator);

ALTER TABLE ONLY risk.latest_funding
    ADD CONSTRAINT latest_funding_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY risk.latest_funding_terms
    ADD CONSTRAINT latest_funding_terms_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY risk.latest_indicator
    ADD CONSTRAINT latest_indicator_pkey PRIMARY KEY (symbol, "interval");

ALTER TABLE ONLY risk.latest_insurance
    ADD CONSTRAINT latest_insurance_pkey PRIMARY KEY (group_key, asset);

ALTER TABLE ONLY risk.latest_mark
    ADD CONSTRAINT latest_mark_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY risk.latest_open_interest
    ADD CONSTRAINT latest_open_interest_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY risk.latest_order
    ADD CONSTRAINT latest_order_pkey PRIMARY KEY (account, service, order_id);

ALTER TABLE ONLY risk.latest_position
    ADD CONSTRAINT latest_position_pkey PRIMARY KEY (account, symbol, side);

ALTER TABLE ONLY risk.latest_shock
    ADD CONSTRAINT latest_shock_pkey PRIMARY KEY (account, betas, orders);

ALTER TABLE ONLY risk.latest_size_advice
    ADD CONSTRAINT latest_size_advice_pkey PRIMARY KEY (account, symbol, side, method);

ALTER TABLE ONLY risk.latest_stress
    ADD CONSTRAINT latest_stress_pkey PRIMARY KEY (account, scenario, hours, direction);

ALTER TABLE ONLY risk.latest_ticker
    ADD CONSTRAINT latest_ticker_pkey PRIMARY KEY (symbol, venue);

ALTER TABLE ONLY risk.latest_var
    ADD CONSTRAINT latest_var_pkey PRIMARY KEY (scope, "interval");

ALTER TABLE ONLY risk.latest_var_verdict
    ADD CONSTRAINT latest_var_verdict_pkey PRIMARY KEY (scope, "interval", method);

ALTER TABLE ONLY risk.latest_venue_funding
    ADD CONSTRAINT latest_venue_funding_pkey PRIMARY KEY (venue, symbol);

ALTER TABLE ONLY risk.latest_volatility_fit
    ADD CONSTRAINT latest_volatility_fit_pkey PRIMARY KEY (symbol, "interval");

ALTER TABLE ONLY risk.leverage_bracket
    ADD CONSTRAINT leverage_bracket_pkey PRIMARY KEY (symbol, event_at, tier);

ALTER TABLE ONLY risk.limits
    ADD CONSTRAINT limits_pkey PRIMARY KEY (version);

ALTER TABLE ONLY risk.liquidation_hour
    ADD CONSTRAINT liquidation_hour_pkey PRIMARY KEY (symbol, hour_at, side);

ALTER TABLE ONLY risk.liquidation
    ADD CONSTRAINT liquidation_pkey PRIMARY KEY (symbol, event_at, side, price, quantity);

ALTER TABLE ONLY risk.mark
    ADD CONSTRAINT mark_pkey PRIMARY KEY (symbol, event_at);

ALTER TABLE ONLY risk.mark_default
    ADD CONSTRAINT mark_default_pkey PRIMARY KEY (symbol, event_at);

ALTER TABLE ONLY risk.open_interest
    ADD CONSTRAINT open_interest_pkey PRIMARY KEY (symbol, event_at);

ALTER TABLE ONLY risk.open_interest_default
    ADD CONSTRAINT open_interest_default_pkey PRIMARY KEY (symbol, event_at);

ALTER TABLE ONLY risk.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (message_id);

ALTER TABLE ONLY risk."position"
    ADD CONSTRAINT position_pkey PRIMARY KEY (account, symbol, side, event_at);

ALTER TABLE ONLY risk.position_default
    ADD CONSTRAINT position_default_pkey PRIMARY KEY (account, symbol, side, event_at);

ALTER TABLE ONLY risk.position_gone
    ADD CONSTRAINT position_gone_pkey PRIMARY KEY (account, symbol, side, vanished_at);

ALTER TABLE ONLY risk.schema_version
    ADD CONSTRAINT schema_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY risk.score_component
    ADD CONSTRAINT score_component_pkey PRIMARY KEY (ordinal);

ALTER TABLE ONLY risk.score
    ADD CONSTRAINT score_pkey PRIMARY KEY (scope, scored_at);

ALTER TABLE ONLY risk.score_default
    ADD CONSTRAINT score_default_pkey PRIMARY KEY (scope, scored_at);

ALTER TABLE ONLY risk.score_memory
    ADD CONSTRAINT score_memory_pkey PRIMARY KEY (scope);

ALTER TABLE ONLY risk.silence
    ADD CONSTRAINT silence_pkey PRIMARY KEY (silence_id);

ALTER TABLE ONLY risk.strategy_pair
    ADD CONSTRAINT strategy_pair_pkey PRIMARY KEY (studied_at, period, first, second);

ALTER TABLE ONLY risk.strategy_return
    ADD CONSTRAINT strategy_return_pkey PRIMARY KEY (strategy, period, event_at);

ALTER TABLE ONLY risk.strategy_share
    ADD CONSTRAINT strategy_share_pkey PRIMARY KEY (studied_at, period, strategy);

ALTER TABLE ONLY risk.strategy_study
    ADD CONSTRAINT strategy_study_pkey PRIMARY KEY (studied_at, period);

ALTER TABLE ONLY risk.stream_lease
    ADD CONSTRAINT stream_lease_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY risk.stress_move
    ADD CONSTRAINT stress_move_pkey PRIMARY KEY (scenario, symbol, hours);

ALTER TABLE ONLY risk.stress_scenario
    ADD CONSTRAINT stress_scenario_pkey PRIMARY KEY (scenario);

ALTER TABLE ONLY risk.telling
    ADD CONSTRAINT telling_pkey PRIMARY KEY (alert_id, decided_at);

ALTER TABLE ONLY risk.ticker
    ADD CONSTRAINT ticker_pkey PRIMARY KEY (symbol, venue, event_at);

ALTER TABLE ONLY risk.ticker_default
    ADD CONSTRAINT ticker_default_pkey PRIMARY KEY (symbol, venue, event_at);

ALTER TABLE ONLY risk.var_forecast
    ADD CONSTRAINT var_forecast_pkey PRIMARY KEY (scope, "interval", bar_at, method);

ALTER TABLE ONLY risk.var_outcome
    ADD CONSTRAINT var_outcome_pkey PRIMARY KEY (scope, "interval", bar_at);

ALTER TABLE ONLY risk.var_share
    ADD CONSTRAINT var_share_pkey PRIMARY KEY ("interval", bar_at, level, symbol);

ALTER TABLE ONLY risk.var_switch
    ADD CONSTRAINT var_switch_pkey PRIMARY KEY (scope, "interval", switched_at);

ALTER TABLE ONLY risk.venue_funding
    ADD CONSTRAINT venue_funding_pkey PRIMARY KEY (venue, symbol, event_at);

ALTER TABLE ONLY risk.volatility_fit
    ADD CONSTRAINT volatility_fit_pkey PRIMARY KEY (symbol, "interval", event_at);

CREATE INDEX alert_by_time ON risk.alert USING btree (updated_at);

CREATE UNIQUE INDEX alert_is_open_once ON risk.alert USING btree (name, scope) WHERE (phase <> 'resolved'::text);

CREATE INDEX decision_by_time ON risk.decision USING btree (scored_at);

CREATE INDEX delivery_is_due ON risk.delivery USING btree (next_try_at) WHERE (state = 'waiting'::text);

CREATE INDEX income_by_time ON risk.income USING btree (account, event_at);

CREATE INDEX kline_by_close ON risk.kline USING btree (symbol, venue, "interval", event_at);

CREATE INDEX liquidation_by_time ON risk.liquidation USING btree (event_at);

CREATE INDEX liquidation_hour_by_time ON risk.liquidation_hour USING btree (hour_at);

CREATE INDEX outbox_by_time ON risk.outbox USING btree (created_at);

CREATE INDEX silence_by_end ON risk.silence USING btree (ends_at);

CREATE INDEX telling_by_time ON risk.telling USING btree (decided_at);

CREATE INDEX var_forecast_by_bar ON risk.var_forecast USING brin (bar_at);

CREATE INDEX var_outcome_by_bar ON risk.var_outcome USING brin (bar_at);

CREATE INDEX var_share_by_bar ON risk.var_share USING brin (bar_at);

ALTER INDEX risk.account_pkey ATTACH PARTITION risk.account_default_pkey;

ALTER INDEX risk.depth_pkey ATTACH PARTITION risk.depth_default_pkey;

ALTER INDEX risk.mark_pkey ATTACH PARTITION risk.mark_default_pkey;

ALTER INDEX risk.open_interest_pkey ATTACH PARTITION risk.open_interest_default_pkey;

ALTER INDEX risk.position_pkey ATTACH PARTITION risk.position_default_pkey;

ALTER INDEX risk.score_pkey ATTACH PARTITION risk.score_default_pkey;

ALTER INDEX risk.ticker_pkey ATTACH PARTITION risk.ticker_default_pkey;

ALTER TABLE ONLY risk.delivery
    ADD CONSTRAINT a_delivery_has_its_message FOREIGN KEY (message_id) REFERENCES risk.outbox(message_id) ON DELETE CASCADE;

ALTER TABLE ONLY risk.stress_move
    ADD CONSTRAINT a_move_has_its_scenario FOREIGN KEY (scenario) REFERENCES risk.stress_scenario(scenario);

ALTER TABLE ONLY risk.delivery_attempt
    ADD CONSTRAINT an_attempt_has_its_delivery FOREIGN KEY (message_id, channel) REFERENCES risk.delivery(message_id, channel) ON DELETE CASCADE;

ALTER TABLE ONLY risk.backtest_score_area
    ADD CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score(run_id);

ALTER TABLE ONLY risk.backtest_score_bin
    ADD CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score(run_id);

ALTER TABLE ONLY risk.backtest_score_crash
    ADD CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score(run_id);

ALTER TABLE ONLY risk.backtest_score_level
    ADD CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score(run_id);

ALTER TABLE ONLY risk.backtest_score_position
    ADD CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score(run_id);

ALTER TABLE ONLY risk.backtest_score_track
    ADD CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score(run_id);

ALTER TABLE ONLY risk.backtest_score_year
    ADD CONSTRAINT the_run_is_known FOREIGN KEY (run_id) REFERENCES risk.backtest_score(run_id);

ALTER TABLE ONLY risk.strategy_pair
    ADD CONSTRAINT the_study_is_known FOREIGN KEY (studied_at, period) REFERENCES risk.strategy_study(studied_at, period);

ALTER TABLE ONLY risk.strategy_share
    ADD CONSTRAINT the_study_is_known FOREIGN KEY (studied_at, period) REFERENCES risk.strategy_study(studied_at, period);

INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (1, 'atr_15m', 'market', 'fraction', 'Average true range of 15 minutes over the price', '15 分钟平均真实波幅与价格之比');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (2, 'vol_ratio', 'market', 'times', 'Volatility of the last day over the mean of 20 days', '最近一日波动率与此前 20 日均值之比');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (3, 'sigma_24h', 'market', 'fraction', 'Forecast standard deviation of the next 24 hours', '未来 24 小时的预测标准差');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (4, 'spread', 'liquidity', 'fraction', 'Spread between best bid and ask', '最优买卖价差');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (5, 'depth_1pct', 'liquidity', 'usdt', 'Depth within 1 % of mid on the thinner side', '较薄一侧中间价 1 % 内的深度');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (6, 'coverage', 'liquidity', 'times', 'Depth within 0.1 % of mid over the exit notional', '中间价 0.1 % 内的深度与平仓金额之比');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (7, 'slippage', 'liquidity', 'fraction', 'Slippage of the whole exit at market', '市价全部平仓的滑点');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (8, 'cover', 'leverage', 'times', 'Margin balance over maintenance margin', '保证金余额与维持保证金之比');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (9, 'distance', 'leverage', 'fraction', 'Distance of the mark price to liquidation', '标记价格距强平价的距离');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (10, 'distance_sigmas', 'leverage', 'sigmas', 'Distance to liquidation in forecast daily moves', '以预测日波动计的强平距离');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (11, 'funding_8h', 'sentiment', 'fraction', 'Funding rate per 8 hours', '每 8 小时资金费率');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (12, 'oi_change_3d', 'sentiment', 'fraction', 'Change of open interest in 3 days', '持仓量 3 日变化');
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES (13, 'kline_liquidity', 'liquidity', 'fraction', 'Range of a bar over its relative volume, in place of the book', '以 K 线振幅与相对成交量近似的流动性');

INSERT INTO risk.stress_scenario (scenario, begins_on, ends_on, depth_left, collateral_left, source) VALUES ('2020-03-12', '2020-03-12', '2020-03-13', 1, 1, 'no record of depth or collateral: the present book');
INSERT INTO risk.stress_scenario (scenario, begins_on, ends_on, depth_left, collateral_left, source) VALUES ('2021-05-19', '2021-05-19', '2021-05-19', 1, 1, 'no record of depth or collateral: the present book');
INSERT INTO risk.stress_scenario (scenario, begins_on, ends_on, depth_left, collateral_left, source) VALUES ('2022-06-13..18', '2022-06-13', '2022-06-18', 1, 1, 'no record of depth or collateral: the present book');
INSERT INTO risk.stress_scenario (scenario, begins_on, ends_on, depth_left, collateral_left, source) VALUES ('2022-11-08', '2022-11-08', '2022-11-09', 1, 1, 'no record of depth or collateral: the present book');
INSERT INTO risk.stress_scenario (scenario, begins_on, ends_on, depth_left, collateral_left, source) VALUES ('2024-08-05', '2024-08-05', '2024-08-05', 0.6, 1, 'depth within 0.5 % of BTC on Hyperliquid at 06:00 UTC over its median of the 30 days before 4 August: 0.595 (liq_hyperliquid_BTC_6h_spread_depth_20240101_20250531.csv.gz); no record of this venue');
INSERT INTO risk.stress_scenario (scenario, begins_on, ends_on, depth_left, collateral_left, source) VALUES ('2025-10-10', '2025-10-10', '2025-10-11', 0.05, 0.65, 'no archive. Depth: almost nothing near the mid for minutes (research.kaiko.com, 2025-10-13), taken as a twentieth. Collateral: USDe at 0.6567 on this venue (published prices of 2025-10-10)');

INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2020-03-12', 'BTCUSDT', 1, -0.2934, 0.1627, false, 'kl_um_BTCUSDT_1h_20190908_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2020-03-12', 'BTCUSDT', 24, -0.5276, 0.1753, false, 'kl_um_BTCUSDT_1h_20190908_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2020-03-12', 'ETHUSDT', 1, -0.2706, 0.1574, false, 'kl_um_ETHUSDT_1h_20200101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2020-03-12', 'ETHUSDT', 24, -0.5434, 0.2539, false, 'kl_um_ETHUSDT_1h_20200101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'ADAUSDT', 1, -0.3702, 0.1645, false, 'kl_um_ADAUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'ADAUSDT', 24, -0.5183, 0.0472, false, 'kl_um_ADAUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'ATOMUSDT', 24, -0.3977, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'AVAXUSDT', 24, -0.3749, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'BNBUSDT', 1, -0.3409, 0.0544, false, 'kl_um_BNBUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'BNBUSDT', 24, -0.5185, 0.0354, false, 'kl_um_BNBUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'BTCUSDT', 1, -0.1818, 0.0625, false, 'kl_um_BTCUSDT_1h_20190908_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'BTCUSDT', 24, -0.3438, 0.0419, false, 'kl_um_BTCUSDT_1h_20190908_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'DOGEUSDT', 1, -0.4823, 0.2449, false, 'kl_um_DOGEUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'DOGEUSDT', 24, -0.5966, 0.0398, false, 'kl_um_DOGEUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'DOTUSDT', 24, -0.3831, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'ETHUSDT', 1, -0.3996, 0.0653, false, 'kl_um_ETHUSDT_1h_20200101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'ETHUSDT', 24, -0.5919, 0.0778, false, 'kl_um_ETHUSDT_1h_20200101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'LINKUSDT', 24, -0.3839, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'LTCUSDT', 24, -0.3675, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'SOLUSDT', 1, -0.4263, 0.3053, false, 'kl_um_SOLUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'SOLUSDT', 24, -0.566, 0.2564, false, 'kl_um_SOLUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'XRPUSDT', 1, -0.3515, 0.3944, false, 'kl_spot_XRPUSDT_5m_20210415_20210615.csv.gz: spot, bars of 5m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2021-05-19', 'XRPUSDT', 24, -0.4761, 0.1397, false, 'kl_spot_XRPUSDT_5m_20210415_20210615.csv.gz: spot, bars of 5m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'ADAUSDT', 24, -0.1096, 0.107, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'ATOMUSDT', 24, -0.1337, 0.1525, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'AVAXUSDT', 24, -0.1376, 0.1063, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'BNBUSDT', 24, -0.1248, 0.0475, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'BTCUSDT', 1, -0.0687, 0.0761, false, 'kl_um_BTCUSDT_5m_20220601_20221015.csv.gz: USD-M perpetual, bars of 5m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'BTCUSDT', 24, -0.2046, 0.1385, false, 'kl_um_BTCUSDT_5m_20220601_20221015.csv.gz: USD-M perpetual, bars of 5m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'DOGEUSDT', 24, -0.1469, 0.1314, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'DOTUSDT', 24, -0.1602, 0.1535, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'ETHUSDT', 1, -0.0844, 0.119, false, 'kl_um_ETHUSDT_5m_20220601_20221015.csv.gz: USD-M perpetual, bars of 5m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'ETHUSDT', 24, -0.2473, 0.2298, false, 'kl_um_ETHUSDT_5m_20220601_20221015.csv.gz: USD-M perpetual, bars of 5m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'LINKUSDT', 24, -0.1323, 0.1366, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'LTCUSDT', 24, -0.1159, 0.0975, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'SOLUSDT', 24, -0.1335, 0.1747, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-06-13..18', 'XRPUSDT', 24, -0.0918, 0.0691, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'ADAUSDT', 24, -0.147, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'ATOMUSDT', 24, -0.1939, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'AVAXUSDT', 24, -0.1941, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'BNBUSDT', 24, -0.1836, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'BTCUSDT', 1, NULL, NULL, false, 'no archive has bars shorter than a day of these days');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'BTCUSDT', 24, -0.1822, 0, true, 'kl_um_BTCUSDT_1d_20190908_20240930.csv.gz: USD-M perpetual, bars of 1d');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'DOGEUSDT', 24, -0.2064, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'DOTUSDT', 24, -0.1413, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'ETHUSDT', 24, -0.2375, 0.0001, true, 'kl_um_ETHUSDT_1d_20200101_20240930.csv.gz: USD-M perpetual, bars of 1d');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'LINKUSDT', 24, -0.1916, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'LTCUSDT', 24, -0.1424, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'SOLUSDT', 24, -0.4225, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2022-11-08', 'XRPUSDT', 24, -0.1794, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'ADAUSDT', 24, -0.0938, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'ATOMUSDT', 24, -0.0808, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'AVAXUSDT', 24, -0.0805, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'BNBUSDT', 24, -0.0658, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'BTCUSDT', 1, -0.0983, 0.0784, false, 'kl_um_BTCUSDT_5m_20240801_20240810.csv.gz: USD-M perpetual, bars of 5m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'BTCUSDT', 24, -0.199, 0.0371, false, 'kl_um_BTCUSDT_5m_20240801_20240810.csv.gz: USD-M perpetual, bars of 5m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'DOGEUSDT', 24, -0.0905, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'DOTUSDT', 24, -0.1041, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'ETHUSDT', 1, -0.2032, 0.0806, false, 'kl_um_ETHUSDT_15m_20231101_20240930.csv.gz: USD-M perpetual, bars of 15m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'ETHUSDT', 24, -0.2772, 0.0431, false, 'kl_um_ETHUSDT_15m_20231101_20240930.csv.gz: USD-M perpetual, bars of 15m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'LINKUSDT', 24, -0.1278, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'LTCUSDT', 24, -0.1021, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'SOLUSDT', 1, -0.1384, 0.1747, false, 'kl_um_SOLUSDT_5m_20240801_20240810.csv.gz: USD-M perpetual, bars of 5m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'SOLUSDT', 24, -0.2463, 0.0874, false, 'kl_um_SOLUSDT_5m_20240801_20240810.csv.gz: USD-M perpetual, bars of 5m');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2024-08-05', 'XRPUSDT', 24, -0.0648, 0, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2025-10-10', 'BTCUSDT', 1, -0.1174, 0, false, 'no archive of these days; published: from 115,000 to 101,500 (bquan.live, report, 2025-10-11)');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2025-10-10', 'BTCUSDT', 24, -0.157, 0, false, 'no archive of these days; published: from 121,000 to 102,000 (eye-on-london.com/bitcoin-crash-wipes-out-billions, 2025-10)');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2025-10-10', 'DOGEUSDT', 24, -0.5, 0, false, 'no archive of these days; published: 50 % (bquan.live, report, 2025-10-11)');
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES ('2025-10-10', 'SOLUSDT', 24, -0.3, 0, true, 'no archive of these days; published: over 30 % (bquan.live, report, 2025-10-11)');
