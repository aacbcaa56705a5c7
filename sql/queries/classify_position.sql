-- Say why a position disappeared.
UPDATE risk.position_gone SET
    classification = :cause,
    classified_at = CAST(:now AS timestamptz)
WHERE account = :account AND symbol = :symbol AND side = :side AND vanished_at = CAST(:vanished_at AS timestamptz)
