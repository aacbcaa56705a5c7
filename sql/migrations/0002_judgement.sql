-- What is concluded: scores, memory, advice, alerts, and their way to the channels.
CREATE DOMAIN risk.points AS real CONSTRAINT points_lie_between_0_and_100 CHECK (VALUE BETWEEN 0 AND 100);
COMMENT ON DOMAIN risk.points IS 'A score, 0 to 100, higher is more dangerous; NULL is unknown';

CREATE TABLE risk.limits (
    version       text NOT NULL,
    body          jsonb NOT NULL,
    first_used_at timestamptz NOT NULL,
    PRIMARY KEY (version),
    CONSTRAINT version_is_a_hash CHECK (version ~ '^[0-9a-f]{12}$')
);
COMMENT ON TABLE risk.limits IS 'A set of limits that scores were judged by';
COMMENT ON COLUMN risk.limits.version IS 'first 12 hex digits of the SHA-256 of the body';
COMMENT ON COLUMN risk.limits.body IS 'weights, curves, thresholds; ratios are fractions';
COMMENT ON COLUMN risk.limits.first_used_at IS 'UTC';

CREATE TABLE risk.score (
    scope            text NOT NULL,
    scored_at        timestamptz NOT NULL,
    level            smallint NOT NULL,
    raw_level        smallint NOT NULL,
    floors           smallint NOT NULL,
    missing          integer NOT NULL,
    composite        risk.points,
    weighted         risk.points,
    market           risk.points,
    liquidity        risk.points,
    leverage         risk.points,
    sentiment        risk.points,
    counterfactual   real,
    limits_version   text NOT NULL,
    component_values real[] NOT NULL,
    component_scores smallint[] NOT NULL,
    input_ages_s     real[] NOT NULL,
    PRIMARY KEY (scope, scored_at),
    CONSTRAINT level_is_known CHECK (level BETWEEN -1 AND 3),
    CONSTRAINT raw_level_is_known CHECK (raw_level BETWEEN -1 AND 3),
    CONSTRAINT a_level_has_a_composite CHECK ((raw_level = -1) = (composite IS NULL)),
    CONSTRAINT counterfactual_is_a_fraction CHECK (counterfactual BETWEEN 0 AND 1),
    CONSTRAINT values_are_finite CHECK (NOT ('NaN' = ANY (component_values) OR 'Infinity' = ANY (component_values) OR '-Infinity' = ANY (component_values))),
    CONSTRAINT scores_are_between_0_and_100 CHECK (0 <= ALL (component_scores) AND 10000 >= ALL (component_scores)),
    CONSTRAINT ages_are_finite CHECK (NOT ('NaN' = ANY (input_ages_s) OR 'Infinity' = ANY (input_ages_s) OR '-Infinity' = ANY (input_ages_s)))
) PARTITION BY RANGE (scored_at);
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
CREATE TABLE risk.score_default PARTITION OF risk.score DEFAULT;
COMMENT ON TABLE risk.score_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.score_memory (
    scope         text NOT NULL,
    level         smallint NOT NULL,
    pending_level smallint NOT NULL,
    rise_count    smallint NOT NULL,
    fall_count    smallint NOT NULL,
    scored_at     timestamptz NOT NULL,
    PRIMARY KEY (scope),
    CONSTRAINT counts_are_not_negative CHECK (rise_count >= 0 AND fall_count >= 0)
);
COMMENT ON TABLE risk.score_memory IS 'What the level hysteresis remembers of one scope';
COMMENT ON COLUMN risk.score_memory.scope IS 'symbol, or "account"';
COMMENT ON COLUMN risk.score_memory.level IS 'reported level: 0 low, 1 medium, 2 high, 3 extreme; -1: none';
COMMENT ON COLUMN risk.score_memory.pending_level IS 'level that the rise counter counts towards';
COMMENT ON COLUMN risk.score_memory.rise_count IS 'evaluations in a row at or above the pending level';
COMMENT ON COLUMN risk.score_memory.fall_count IS 'evaluations in a row clearly below the level';
COMMENT ON COLUMN risk.score_memory.scored_at IS 'the evaluation that left this, UTC';

CREATE TABLE risk.decision (
    decision_id uuid NOT NULL,
    scope       text NOT NULL,
    scored_at   timestamptz NOT NULL,
    kind        text NOT NULL,
    symbol      text NOT NULL,
    side        text NOT NULL,
    fraction    risk.statistic,
    quantity    risk.amount,
    reason      text NOT NULL,
    details     jsonb NOT NULL,
    PRIMARY KEY (decision_id),
    CONSTRAINT fraction_is_between_0_and_1 CHECK (fraction BETWEEN 0 AND 1)
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

CREATE TABLE risk.alert (
    alert_id     uuid NOT NULL,
    name         text NOT NULL,
    scope        text NOT NULL,
    severity     text NOT NULL,
    phase        text NOT NULL,
    since        timestamptz NOT NULL,
    fired_at     timestamptz,
    updated_at   timestamptz NOT NULL,
    resolved_at  timestamptz,
    last_told_at timestamptz,
    told_count   integer NOT NULL,
    value        risk.statistic,
    threshold    risk.statistic,
    details      jsonb NOT NULL,
    PRIMARY KEY (alert_id),
    CONSTRAINT severity_is_known CHECK (severity IN ('info', 'warning', 'critical')),
    CONSTRAINT phase_is_known CHECK (phase IN ('pending', 'firing', 'clearing', 'resolved')),
    CONSTRAINT a_resolved_alert_has_its_time CHECK ((phase = 'resolved') = (resolved_at IS NOT NULL))
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

CREATE TABLE risk.outbox (
    message_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    severity   text NOT NULL,
    items      jsonb NOT NULL,
    PRIMARY KEY (message_id),
    CONSTRAINT severity_is_known CHECK (severity IN ('info', 'warning', 'critical')),
    CONSTRAINT it_expires_after_it_is_made CHECK (expires_at > created_at)
);
COMMENT ON TABLE risk.outbox IS 'What one evaluation has to say, grouped; written with the score in one transaction';
COMMENT ON COLUMN risk.outbox.message_id IS 'made from time and content';
COMMENT ON COLUMN risk.outbox.created_at IS 'UTC';
COMMENT ON COLUMN risk.outbox.expires_at IS 'not told after this, UTC';
COMMENT ON COLUMN risk.outbox.severity IS 'the worst of its items';
COMMENT ON COLUMN risk.outbox.items IS 'the alerts and signals it tells of';

CREATE TABLE risk.delivery (
    message_id  uuid NOT NULL,
    channel     text NOT NULL,
    severity    text NOT NULL,
    state       text NOT NULL,
    attempts    smallint NOT NULL,
    next_try_at timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    holder      text,
    held_until  timestamptz,
    settled_at  timestamptz,
    reason      text,
    PRIMARY KEY (message_id, channel),
    CONSTRAINT state_is_known CHECK (state IN ('waiting', 'accepted', 'failed', 'expired')),
    CONSTRAINT a_settled_delivery_has_its_time CHECK ((state = 'waiting') = (settled_at IS NULL)),
    CONSTRAINT a_lease_has_a_holder CHECK ((holder IS NULL) = (held_until IS NULL))
);
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

CREATE TABLE risk.delivery_attempt (
    message_id    uuid NOT NULL,
    channel       text NOT NULL,
    attempt       smallint NOT NULL,
    tried_at      timestamptz NOT NULL,
    outcome       text NOT NULL,
    reason        text NOT NULL,
    retry_after_s risk.statistic,
    duration_ms   integer NOT NULL,
    PRIMARY KEY (message_id, channel, attempt),
    CONSTRAINT outcome_is_known CHECK (outcome IN ('accepted', 'retry', 'failed', 'expired')),
    CONSTRAINT attempts_count_from_1 CHECK (attempt >= 1),
    CONSTRAINT waits_are_not_negative CHECK (duration_ms >= 0 AND retry_after_s >= 0)
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

CREATE UNIQUE INDEX alert_is_open_once ON risk.alert (name, scope) WHERE phase <> 'resolved';
CREATE INDEX alert_by_time ON risk.alert (updated_at);
CREATE INDEX decision_by_time ON risk.decision (scored_at);
CREATE INDEX delivery_is_due ON risk.delivery (next_try_at) WHERE state = 'waiting';
ALTER TABLE risk.delivery ADD CONSTRAINT a_delivery_has_its_message FOREIGN KEY (message_id) REFERENCES risk.outbox ON DELETE CASCADE;
ALTER TABLE risk.delivery_attempt ADD CONSTRAINT an_attempt_has_its_delivery
    FOREIGN KEY (message_id, channel) REFERENCES risk.delivery ON DELETE CASCADE;
ALTER TABLE risk.score_memory SET (fillfactor = 50);
ALTER TABLE risk.delivery SET (fillfactor = 50);
