-- Write down what became of the picture of one delivery; 1 when there is such a delivery.
WITH noted AS (
    UPDATE risk.delivery AS d SET picture = CAST(:picture AS text)
    WHERE d.message_id = CAST(:message_id AS uuid) AND d.channel = CAST(:channel AS text)
    RETURNING 1
)
SELECT count(*) FROM noted
