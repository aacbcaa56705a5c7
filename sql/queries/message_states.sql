-- How one message fares with each channel.
SELECT
    d.channel,
    d.state,
    d.reason
FROM risk.delivery AS d
WHERE d.message_id = CAST(:message_id AS uuid)
ORDER BY d.channel
