-- What is not to be told, and why each alert was told or was not.
CREATE TABLE risk.silence (
    silence_id uuid NOT NULL,
    kind       text NOT NULL,
    name       text NOT NULL,
    scope      text NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    made_by    text NOT NULL,
    reason     text NOT NULL,
    PRIMARY KEY (silence_id),
    CONSTRAINT kind_is_known CHECK (kind IN ('silence', 'acknowledge')),
    CONSTRAINT it_does_not_end_before_it_begins CHECK (ends_at >= starts_at)
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

CREATE TABLE risk.telling (
    alert_id   uuid NOT NULL,
    decided_at timestamptz NOT NULL,
    kind       text NOT NULL,
    reason     text NOT NULL,
    message_id uuid,
    PRIMARY KEY (alert_id, decided_at),
    CONSTRAINT told_means_a_message CHECK ((reason = 'told') = (message_id IS NOT NULL))
);
COMMENT ON TABLE risk.telling IS 'Each decision to speak of an alert or not, written when it differs from the one before';
COMMENT ON COLUMN risk.telling.alert_id IS 'alert';
COMMENT ON COLUMN risk.telling.decided_at IS 'evaluation that decided it, UTC';
COMMENT ON COLUMN risk.telling.kind IS 'what there was to say: "pending", "fired", "escalated", "reminder" or "resolved"';
COMMENT ON COLUMN risk.telling.reason IS '"told", or why not: "silenced", "acknowledged", "muted by NAME", "quiet hours", "grouped", …';
COMMENT ON COLUMN risk.telling.message_id IS 'message that told it';

CREATE INDEX silence_by_end ON risk.silence (ends_at);
CREATE INDEX telling_by_time ON risk.telling (decided_at);
CREATE INDEX outbox_by_time ON risk.outbox (created_at);
