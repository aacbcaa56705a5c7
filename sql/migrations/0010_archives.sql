-- History from archives: depth that only they have, and which files were stored.
CREATE TABLE risk.archived_depth (
    symbol         text NOT NULL,
    bid_02pct_usdt risk.statistic,
    ask_02pct_usdt risk.statistic,
    bid_1pct_usdt  risk.statistic,
    ask_1pct_usdt  risk.statistic,
    bid_5pct_usdt  risk.statistic,
    ask_5pct_usdt  risk.statistic,
    bid_mean_price risk.statistic,
    ask_mean_price risk.statistic,
    event_at       timestamptz NOT NULL,
    received_at    timestamptz NOT NULL,
    source         text NOT NULL,
    PRIMARY KEY (symbol, event_at),
    CONSTRAINT depths_are_not_negative CHECK (LEAST(bid_02pct_usdt, ask_02pct_usdt, bid_1pct_usdt, ask_1pct_usdt, bid_5pct_usdt, ask_5pct_usdt) >= 0),
    CONSTRAINT bids_stand_below_asks CHECK (bid_mean_price < ask_mean_price)
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

CREATE TABLE risk.archive_file (
    path          text NOT NULL,
    symbol        text NOT NULL,
    series        text NOT NULL,
    sha256        text NOT NULL,
    is_verified   boolean NOT NULL,
    row_count     integer NOT NULL,
    new_count     integer NOT NULL,
    refused_count integer NOT NULL,
    first_at      timestamptz,
    last_at       timestamptz,
    stored_at     timestamptz NOT NULL,
    PRIMARY KEY (path),
    CONSTRAINT counts_are_not_negative CHECK (row_count >= 0 AND new_count >= 0 AND refused_count >= 0),
    CONSTRAINT checksum_is_sha256_in_hex CHECK (sha256 ~ '^[0-9a-f]{64}$')
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
