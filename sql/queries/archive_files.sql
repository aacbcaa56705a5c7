-- Which of these files of history were stored whole, with their checksums?
SELECT
    f.path,
    f.sha256
FROM risk.archive_file AS f
WHERE f.path = ANY (CAST(:paths AS text[]))
