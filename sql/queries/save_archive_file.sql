-- A file of history that was stored whole; a file stored before takes the newest word.
INSERT INTO risk.archive_file AS held (
    path,
    symbol,
    series,
    sha256,
    is_verified,
    row_count,
    new_count,
    refused_count,
    first_at,
    last_at,
    stored_at
)
VALUES (
    :path,
    :symbol,
    :series,
    :sha256,
    :is_verified,
    :row_count,
    :new_count,
    :refused_count,
    CAST(:first_at AS timestamptz),
    CAST(:last_at AS timestamptz),
    CAST(:stored_at AS timestamptz)
)
ON CONFLICT (path) DO UPDATE SET
    symbol = excluded.symbol,
    series = excluded.series,
    sha256 = excluded.sha256,
    is_verified = excluded.is_verified,
    row_count = excluded.row_count,
    new_count = excluded.new_count,
    refused_count = excluded.refused_count,
    first_at = excluded.first_at,
    last_at = excluded.last_at,
    stored_at = excluded.stored_at
