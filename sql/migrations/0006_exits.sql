-- Exits: what a liquidation price was computed from, past crashes and what they would do, sizes, funding as money.
ALTER TABLE risk.position
    ADD COLUMN pool_wallet_usdt risk.statistic,
    ADD COLUMN other_maintenance_usdt risk.statistic,
    ADD COLUMN other_unrealized_usdt risk.statistic,
    ADD COLUMN liquidation_tier smallint,
    ADD COLUMN liquidation_rate risk.statistic,
    ADD COLUMN liquidation_cum_usdt risk.statistic,
    ADD COLUMN liquidation_difference risk.statistic,
    ADD COLUMN distance risk.statistic,
    ADD COLUMN distance_sigmas risk.statistic,
    ADD COLUMN exit_slippage risk.statistic,
    ADD COLUMN can_exit boolean,
    ADD CONSTRAINT tiers_count_from_1 CHECK (liquidation_tier >= 1),
    ADD CONSTRAINT distance_is_not_negative CHECK (distance >= 0);
COMMENT ON COLUMN risk.position.pool_wallet_usdt IS 'USDT; wallet that carried the position in our computation; NULL: not computed';
COMMENT ON COLUMN risk.position.other_maintenance_usdt IS 'USDT; maintenance of all other cross positions at their marks, in our computation';
COMMENT ON COLUMN risk.position.other_unrealized_usdt IS 'USDT; open profit of all other cross positions, in our computation';
COMMENT ON COLUMN risk.position.liquidation_tier IS 'tier of the ladder at our price, from 1; NULL: no price';
COMMENT ON COLUMN risk.position.liquidation_rate IS 'maintenance rate of that tier, fraction';
COMMENT ON COLUMN risk.position.liquidation_cum_usdt IS 'USDT; what that tier deducts (cum)';
COMMENT ON COLUMN risk.position.liquidation_difference IS 'our price over the exchange''s, minus 1; NULL: one of them has none';
COMMENT ON COLUMN risk.position.distance IS 'share that the mark must move to the nearer of both prices; 0: there already; NULL: no price';
COMMENT ON COLUMN risk.position.distance_sigmas IS 'that distance in forecast daily moves; NULL: no price or no fresh forecast';
COMMENT ON COLUMN risk.position.exit_slippage IS 'cost of closing all of it at market, fraction of mid; NULL: no fresh book';
COMMENT ON COLUMN risk.position.can_exit IS 'whether that cost is at most half the distance; NULL: unknown';
ALTER TABLE risk.latest_position
    ADD COLUMN pool_wallet_usdt risk.statistic,
    ADD COLUMN other_maintenance_usdt risk.statistic,
    ADD COLUMN other_unrealized_usdt risk.statistic,
    ADD COLUMN liquidation_tier smallint,
    ADD COLUMN liquidation_rate risk.statistic,
    ADD COLUMN liquidation_cum_usdt risk.statistic,
    ADD COLUMN liquidation_difference risk.statistic,
    ADD COLUMN distance risk.statistic,
    ADD COLUMN distance_sigmas risk.statistic,
    ADD COLUMN exit_slippage risk.statistic,
    ADD COLUMN can_exit boolean,
    ADD CONSTRAINT tiers_count_from_1 CHECK (liquidation_tier >= 1),
    ADD CONSTRAINT distance_is_not_negative CHECK (distance >= 0);
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

CREATE TABLE risk.stress_scenario (
    scenario        text NOT NULL,
    begins_on       date NOT NULL,
    ends_on         date NOT NULL,
    depth_left      risk.statistic NOT NULL,
    collateral_left risk.statistic NOT NULL,
    source          text NOT NULL,
    PRIMARY KEY (scenario),
    CONSTRAINT days_are_in_order CHECK (begins_on <= ends_on),
    CONSTRAINT depth_left_is_a_share CHECK (depth_left > 0 AND depth_left <= 1),
    CONSTRAINT collateral_left_is_a_share CHECK (collateral_left > 0 AND collateral_left <= 1)
);
COMMENT ON TABLE risk.stress_scenario IS 'Past crashes that the present book is held against';
COMMENT ON COLUMN risk.stress_scenario.scenario IS 'its days';
COMMENT ON COLUMN risk.stress_scenario.begins_on IS 'first day, UTC';
COMMENT ON COLUMN risk.stress_scenario.ends_on IS 'last day, UTC';
COMMENT ON COLUMN risk.stress_scenario.depth_left IS 'share of the book''s depth that stayed; 1 where nothing is known';
COMMENT ON COLUMN risk.stress_scenario.collateral_left IS 'share of its worth that collateral other than USDT kept; applied in multi-assets mode';
COMMENT ON COLUMN risk.stress_scenario.source IS 'where depth and collateral are from, or that nothing is known';
INSERT INTO risk.stress_scenario (scenario, begins_on, ends_on, depth_left, collateral_left, source) VALUES
    ('2020-03-12', '2020-03-12', '2020-03-13', 1, 1, 'no record of depth or collateral: the present book'),
    ('2021-05-19', '2021-05-19', '2021-05-19', 1, 1, 'no record of depth or collateral: the present book'),
    ('2022-06-13..18', '2022-06-13', '2022-06-18', 1, 1, 'no record of depth or collateral: the present book'),
    ('2022-11-08', '2022-11-08', '2022-11-09', 1, 1, 'no record of depth or collateral: the present book'),
    ('2024-08-05', '2024-08-05', '2024-08-05', 0.6, 1,
        'depth within 0.5 % of BTC on Hyperliquid at 06:00 UTC over its median of the 30 days before 4 August: 0.595 '
        '(liq_hyperliquid_BTC_6h_spread_depth_20240101_20250531.csv.gz); no record of this venue'),
    ('2025-10-10', '2025-10-10', '2025-10-11', 0.05, 0.65,
        'no archive. Depth: almost nothing near the mid for minutes (research.kaiko.com, 2025-10-13), taken as a '
        'twentieth. Collateral: USDe at 0.6567 on this venue (published prices of 2025-10-10)');

CREATE TABLE risk.stress_move (
    scenario text NOT NULL,
    symbol   text NOT NULL,
    hours    smallint NOT NULL,
    fall     risk.statistic,
    rise     risk.statistic,
    is_bound boolean NOT NULL,
    source   text NOT NULL,
    PRIMARY KEY (scenario, symbol, hours),
    CONSTRAINT a_move_has_its_scenario FOREIGN KEY (scenario) REFERENCES risk.stress_scenario,
    CONSTRAINT hours_are_positive CHECK (hours > 0),
    CONSTRAINT a_fall_ends_at_zero CHECK (fall >= -1),
    CONSTRAINT a_rise_is_not_negative CHECK (rise >= 0)
);
COMMENT ON TABLE risk.stress_move IS 'Worst moves of past crashes by symbol; a symbol without a row moves by its beta times BTCUSDT''s move';
COMMENT ON COLUMN risk.stress_move.scenario IS 'crash';
COMMENT ON COLUMN risk.stress_move.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.stress_move.hours IS 'length of the window, 1 or 24';
COMMENT ON COLUMN risk.stress_move.fall IS 'from a bar''s open to the lowest low within the window, fraction; NULL: no archive tells';
COMMENT ON COLUMN risk.stress_move.rise IS 'from a bar''s open to the highest close within the window, fraction; NULL: no archive tells';
COMMENT ON COLUMN risk.stress_move.is_bound IS 'known from whole days only, so a lower bound: beta times BTCUSDT''s move counts where it is larger';
COMMENT ON COLUMN risk.stress_move.source IS 'archive and bars, or why there is none; made by `python -m risk.adapters.episodes FOLDER`';
INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES
    ('2020-03-12', 'BTCUSDT', 1, -0.2934, 0.1627, false, 'kl_um_BTCUSDT_1h_20190908_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2020-03-12', 'BTCUSDT', 24, -0.5276, 0.1753, false, 'kl_um_BTCUSDT_1h_20190908_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2020-03-12', 'ETHUSDT', 1, -0.2706, 0.1574, false, 'kl_um_ETHUSDT_1h_20200101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2020-03-12', 'ETHUSDT', 24, -0.5434, 0.2539, false, 'kl_um_ETHUSDT_1h_20200101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'ADAUSDT', 1, -0.3702, 0.1645, false, 'kl_um_ADAUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'ADAUSDT', 24, -0.5183, 0.0472, false, 'kl_um_ADAUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'ATOMUSDT', 24, -0.3977, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2021-05-19', 'AVAXUSDT', 24, -0.3749, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2021-05-19', 'BNBUSDT', 1, -0.3409, 0.0544, false, 'kl_um_BNBUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'BNBUSDT', 24, -0.5185, 0.0354, false, 'kl_um_BNBUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'BTCUSDT', 1, -0.1818, 0.0625, false, 'kl_um_BTCUSDT_1h_20190908_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'BTCUSDT', 24, -0.3438, 0.0419, false, 'kl_um_BTCUSDT_1h_20190908_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'DOGEUSDT', 1, -0.4823, 0.2449, false, 'kl_um_DOGEUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'DOGEUSDT', 24, -0.5966, 0.0398, false, 'kl_um_DOGEUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'DOTUSDT', 24, -0.3831, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2021-05-19', 'ETHUSDT', 1, -0.3996, 0.0653, false, 'kl_um_ETHUSDT_1h_20200101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'ETHUSDT', 24, -0.5919, 0.0778, false, 'kl_um_ETHUSDT_1h_20200101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'LINKUSDT', 24, -0.3839, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2021-05-19', 'LTCUSDT', 24, -0.3675, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2021-05-19', 'SOLUSDT', 1, -0.4263, 0.3053, false, 'kl_um_SOLUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'SOLUSDT', 24, -0.5660, 0.2564, false, 'kl_um_SOLUSDT_1h_20210101_20220430.csv.gz: USD-M perpetual, bars of 1h'),
    ('2021-05-19', 'XRPUSDT', 1, -0.3515, 0.3944, false, 'kl_spot_XRPUSDT_5m_20210415_20210615.csv.gz: spot, bars of 5m'),
    ('2021-05-19', 'XRPUSDT', 24, -0.4761, 0.1397, false, 'kl_spot_XRPUSDT_5m_20210415_20210615.csv.gz: spot, bars of 5m'),
    ('2022-06-13..18', 'ADAUSDT', 24, -0.1096, 0.1070, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-06-13..18', 'ATOMUSDT', 24, -0.1337, 0.1525, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-06-13..18', 'AVAXUSDT', 24, -0.1376, 0.1063, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-06-13..18', 'BNBUSDT', 24, -0.1248, 0.0475, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-06-13..18', 'BTCUSDT', 1, -0.0687, 0.0761, false, 'kl_um_BTCUSDT_5m_20220601_20221015.csv.gz: USD-M perpetual, bars of 5m'),
    ('2022-06-13..18', 'BTCUSDT', 24, -0.2046, 0.1385, false, 'kl_um_BTCUSDT_5m_20220601_20221015.csv.gz: USD-M perpetual, bars of 5m'),
    ('2022-06-13..18', 'DOGEUSDT', 24, -0.1469, 0.1314, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-06-13..18', 'DOTUSDT', 24, -0.1602, 0.1535, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-06-13..18', 'ETHUSDT', 1, -0.0844, 0.1190, false, 'kl_um_ETHUSDT_5m_20220601_20221015.csv.gz: USD-M perpetual, bars of 5m'),
    ('2022-06-13..18', 'ETHUSDT', 24, -0.2473, 0.2298, false, 'kl_um_ETHUSDT_5m_20220601_20221015.csv.gz: USD-M perpetual, bars of 5m'),
    ('2022-06-13..18', 'LINKUSDT', 24, -0.1323, 0.1366, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-06-13..18', 'LTCUSDT', 24, -0.1159, 0.0975, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-06-13..18', 'SOLUSDT', 24, -0.1335, 0.1747, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-06-13..18', 'XRPUSDT', 24, -0.0918, 0.0691, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-11-08', 'ADAUSDT', 24, -0.1470, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-11-08', 'ATOMUSDT', 24, -0.1939, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-11-08', 'AVAXUSDT', 24, -0.1941, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-11-08', 'BNBUSDT', 24, -0.1836, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-11-08', 'BTCUSDT', 1, NULL, NULL, false, 'no archive has bars shorter than a day of these days'),
    ('2022-11-08', 'BTCUSDT', 24, -0.1822, 0.0000, true, 'kl_um_BTCUSDT_1d_20190908_20240930.csv.gz: USD-M perpetual, bars of 1d'),
    ('2022-11-08', 'DOGEUSDT', 24, -0.2064, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-11-08', 'DOTUSDT', 24, -0.1413, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-11-08', 'ETHUSDT', 24, -0.2375, 0.0001, true, 'kl_um_ETHUSDT_1d_20200101_20240930.csv.gz: USD-M perpetual, bars of 1d'),
    ('2022-11-08', 'LINKUSDT', 24, -0.1916, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-11-08', 'LTCUSDT', 24, -0.1424, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-11-08', 'SOLUSDT', 24, -0.4225, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2022-11-08', 'XRPUSDT', 24, -0.1794, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2024-08-05', 'ADAUSDT', 24, -0.0938, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2024-08-05', 'ATOMUSDT', 24, -0.0808, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2024-08-05', 'AVAXUSDT', 24, -0.0805, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2024-08-05', 'BNBUSDT', 24, -0.0658, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2024-08-05', 'BTCUSDT', 1, -0.0983, 0.0784, false, 'kl_um_BTCUSDT_5m_20240801_20240810.csv.gz: USD-M perpetual, bars of 5m'),
    ('2024-08-05', 'BTCUSDT', 24, -0.1990, 0.0371, false, 'kl_um_BTCUSDT_5m_20240801_20240810.csv.gz: USD-M perpetual, bars of 5m'),
    ('2024-08-05', 'DOGEUSDT', 24, -0.0905, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2024-08-05', 'DOTUSDT', 24, -0.1041, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2024-08-05', 'ETHUSDT', 1, -0.2032, 0.0806, false, 'kl_um_ETHUSDT_15m_20231101_20240930.csv.gz: USD-M perpetual, bars of 15m'),
    ('2024-08-05', 'ETHUSDT', 24, -0.2772, 0.0431, false, 'kl_um_ETHUSDT_15m_20231101_20240930.csv.gz: USD-M perpetual, bars of 15m'),
    ('2024-08-05', 'LINKUSDT', 24, -0.1278, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2024-08-05', 'LTCUSDT', 24, -0.1021, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2024-08-05', 'SOLUSDT', 1, -0.1384, 0.1747, false, 'kl_um_SOLUSDT_5m_20240801_20240810.csv.gz: USD-M perpetual, bars of 5m'),
    ('2024-08-05', 'SOLUSDT', 24, -0.2463, 0.0874, false, 'kl_um_SOLUSDT_5m_20240801_20240810.csv.gz: USD-M perpetual, bars of 5m'),
    ('2024-08-05', 'XRPUSDT', 24, -0.0648, 0.0000, true, 'panel_spot_close_1d_20210101_20240930.csv.gz: spot, from one close of a UTC day to the next'),
    ('2025-10-10', 'BTCUSDT', 1, -0.1174, 0.0000, false, 'no archive of these days; published: from 115,000 to 101,500 (bquan.live, report, 2025-10-11)'),
    ('2025-10-10', 'BTCUSDT', 24, -0.1570, 0.0000, false, 'no archive of these days; published: from 121,000 to 102,000 (eye-on-london.com/bitcoin-crash-wipes-out-billions, 2025-10)'),
    ('2025-10-10', 'DOGEUSDT', 24, -0.5000, 0.0000, false, 'no archive of these days; published: 50 % (bquan.live, report, 2025-10-11)'),
    ('2025-10-10', 'SOLUSDT', 24, -0.3000, 0.0000, true, 'no archive of these days; published: over 30 % (bquan.live, report, 2025-10-11)');

CREATE TABLE risk.latest_stress (
    account          text NOT NULL,
    scenario         text NOT NULL,
    hours            smallint NOT NULL,
    direction        text NOT NULL,
    computed_at      timestamptz NOT NULL,
    equity_usdt      risk.statistic NOT NULL,
    maintenance_usdt risk.statistic NOT NULL,
    cover            risk.statistic,
    liquidated       text[] NOT NULL,
    first            text NOT NULL,
    first_at         risk.statistic,
    loss_usdt        risk.statistic NOT NULL,
    exit_cost_usdt   risk.statistic,
    by_beta          text[] NOT NULL,
    PRIMARY KEY (account, scenario, hours, direction),
    CONSTRAINT direction_is_known CHECK (direction IN ('fall', 'rise')),
    CONSTRAINT hours_are_positive CHECK (hours > 0),
    CONSTRAINT first_at_is_a_share CHECK (first_at BETWEEN 0 AND 1),
    CONSTRAINT maintenance_is_not_negative CHECK (maintenance_usdt >= 0)
);
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
ALTER TABLE risk.latest_stress SET (fillfactor = 50);

CREATE TABLE risk.latest_size_advice (
    account           text NOT NULL,
    symbol            text NOT NULL,
    side              text NOT NULL,
    method            text NOT NULL,
    computed_at       timestamptz NOT NULL,
    equity_usdt       risk.statistic NOT NULL,
    entry_price       risk.statistic NOT NULL,
    stop_price        risk.statistic,
    stop_bound_by     text NOT NULL,
    target_1_price    risk.statistic,
    target_2_price    risk.statistic,
    trailing_price    risk.statistic,
    quantity          risk.statistic,
    notional_usdt     risk.statistic,
    margin_usdt       risk.statistic,
    leverage          risk.statistic NOT NULL,
    liquidation_price risk.statistic,
    level             smallint NOT NULL,
    multiplier        risk.statistic,
    bound_by          text NOT NULL,
    reasons           jsonb NOT NULL,
    PRIMARY KEY (account, symbol, side, method),
    CONSTRAINT side_is_known CHECK (side IN ('LONG', 'SHORT')),
    CONSTRAINT method_is_known CHECK (method IN ('desk', 'seed')),
    CONSTRAINT level_is_known CHECK (level BETWEEN -1 AND 3),
    CONSTRAINT quantity_is_not_negative CHECK (quantity >= 0)
);
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
ALTER TABLE risk.latest_size_advice SET (fillfactor = 50);

CREATE VIEW risk.funding_payment AS
SELECT
    p.account,
    p.symbol,
    p.side,
    p.notional_usdt,
    m.funding_rate AS rate,
    t.interval_hours,
    m.next_funding_at,
    CAST(p.quantity AS double precision) * m.mark_price * m.funding_rate AS next_payment_usdt,
    CAST(p.quantity AS double precision) * m.mark_price * m.funding_rate * 24 / t.interval_hours AS per_day_usdt,
    t.rate_cap,
    t.rate_floor,
    CASE WHEN p.quantity > 0 THEN t.rate_cap - m.funding_rate ELSE m.funding_rate - t.rate_floor END AS rate_to_cap,
    CAST(p.quantity AS double precision) * m.mark_price
        * CASE WHEN p.quantity > 0 THEN t.rate_cap ELSE t.rate_floor END * 24 / t.interval_hours AS worst_per_day_usdt,
    CASE WHEN t.interval_hours_before <> t.interval_hours THEN t.interval_hours_before END AS interval_hours_before,
    CASE WHEN t.interval_hours_before <> t.interval_hours THEN t.changed_at END AS interval_changed_at,
    m.event_at
FROM risk.latest_position AS p
JOIN risk.latest_mark AS m ON m.symbol = p.symbol
LEFT JOIN risk.latest_funding_terms AS t ON t.symbol = p.symbol;
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
SELECT
    f.account,
    count(*) AS positions,
    min(f.next_funding_at) AS next_funding_at,
    sum(f.next_payment_usdt) FILTER (WHERE f.next_funding_at = n.next_funding_at) AS next_payment_usdt,
    CASE WHEN bool_and(f.per_day_usdt IS NOT NULL) THEN sum(f.per_day_usdt) END AS per_day_usdt,
    CASE WHEN bool_and(f.per_day_usdt IS NOT NULL) AND min(a.margin_balance_usdt) > 0
        THEN sum(f.per_day_usdt) / CAST(min(a.margin_balance_usdt) AS double precision) END AS per_day_of_equity,
    min(f.event_at) AS event_at
FROM risk.funding_payment AS f
JOIN risk.latest_account AS a ON a.account = f.account
JOIN (
    SELECT x.account, min(x.next_funding_at) AS next_funding_at
    FROM risk.funding_payment AS x
    GROUP BY x.account
) AS n ON n.account = f.account
GROUP BY f.account;
COMMENT ON VIEW risk.funding_book IS 'Funding of an account''s whole book';
COMMENT ON COLUMN risk.funding_book.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.funding_book.positions IS 'open positions';
COMMENT ON COLUMN risk.funding_book.next_funding_at IS 'nearest settlement, UTC';
COMMENT ON COLUMN risk.funding_book.next_payment_usdt IS 'USDT that the nearest settlement takes; below zero it pays';
COMMENT ON COLUMN risk.funding_book.per_day_usdt IS 'USDT a day at the running rates; NULL: an interval is unknown';
COMMENT ON COLUMN risk.funding_book.per_day_of_equity IS 'that, as a fraction of equity';
COMMENT ON COLUMN risk.funding_book.event_at IS 'time of the oldest mark in it, UTC';

CREATE VIEW risk.income_day AS
SELECT
    i.account,
    CAST(i.event_at AT TIME ZONE 'UTC' AS date) AS day,
    i.asset,
    sum(i.amount) FILTER (WHERE i.income_type LIKE '%TRANSFER') AS transferred,
    sum(i.amount) FILTER (WHERE i.income_type LIKE '%FUNDING_FEE') AS funding,
    sum(i.amount) FILTER (WHERE i.income_type = 'REALIZED_PNL') AS realized,
    sum(i.amount) FILTER (WHERE i.income_type = 'COMMISSION') AS commission,
    sum(i.amount) FILTER (WHERE NOT i.income_type LIKE '%TRANSFER') AS earned
FROM risk.income AS i
GROUP BY i.account, CAST(i.event_at AT TIME ZONE 'UTC' AS date), i.asset;
COMMENT ON VIEW risk.income_day IS 'The account''s ledger by day and asset; what came and went by transfer is no income';
COMMENT ON COLUMN risk.income_day.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.income_day.day IS 'UTC';
COMMENT ON COLUMN risk.income_day.asset IS 'the amounts are in this asset';
COMMENT ON COLUMN risk.income_day.transferred IS 'in minus out; NULL: none';
COMMENT ON COLUMN risk.income_day.funding IS 'received minus paid; NULL: none';
COMMENT ON COLUMN risk.income_day.realized IS 'profit of closed positions; NULL: none';
COMMENT ON COLUMN risk.income_day.commission IS 'below zero: paid; NULL: none';
COMMENT ON COLUMN risk.income_day.earned IS 'everything but transfers; NULL: none';

CREATE VIEW risk.drawdown AS
SELECT
    a.account,
    CAST(a.margin_balance_usdt AS double precision) AS equity_usdt,
    p.peak_usdt,
    p.peak_at,
    p.transferred_usdt,
    1 - CAST(a.margin_balance_usdt AS double precision) / nullif(p.peak_usdt, 0) AS drawdown,
    a.event_at
FROM risk.latest_account AS a
JOIN LATERAL (
    SELECT
        CAST(h.peak_usdt AS double precision) + t.transferred_usdt AS peak_usdt,
        h.peak_at,
        t.transferred_usdt
    FROM risk.equity_hour AS h
    CROSS JOIN LATERAL (
        SELECT coalesce(CAST(sum(n.amount) AS double precision), 0) AS transferred_usdt
        FROM risk.income AS n
        WHERE n.account = h.account AND n.event_at > h.peak_at AND n.event_at <= a.event_at
            AND n.asset IN ('USDT', 'USDC') AND n.income_type LIKE '%TRANSFER'
    ) AS t
    WHERE h.account = a.account AND h.hour_at > a.event_at - make_interval(days => 7)
    ORDER BY CAST(h.peak_usdt AS double precision) + t.transferred_usdt DESC
    LIMIT 1
) AS p ON true;
COMMENT ON VIEW risk.drawdown IS 'Fall of equity (with open profit, without transfers) from its highest of 7 days';
COMMENT ON COLUMN risk.drawdown.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.drawdown.equity_usdt IS 'USDT; margin balance now';
COMMENT ON COLUMN risk.drawdown.peak_usdt IS 'USDT; the peak, with what was transferred since';
COMMENT ON COLUMN risk.drawdown.peak_at IS 'UTC';
COMMENT ON COLUMN risk.drawdown.transferred_usdt IS 'USDT; transferred in minus out since the peak';
COMMENT ON COLUMN risk.drawdown.drawdown IS 'fraction of the peak; below zero: a new peak';
COMMENT ON COLUMN risk.drawdown.event_at IS 'time of the account''s newest answer, UTC';
