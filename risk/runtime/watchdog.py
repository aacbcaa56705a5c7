"""The dead man's switch: a process that does not score says when no score is made or no alert gets out.

It runs in a process of its own (`risk.runtime.heartbeat`) and in the supervisor,
looks at the desk's pulse at most every few seconds, and sends by the channels
itself, past the outbox, because the outbox is what may be stuck.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from risk.adapters import notify
from risk.adapters.settings import ChannelSettings
from risk.errors import DeliveryError, PulseError, SettingsError, StoreError
from risk.pulse import NO_SCORE_S, Pulse

LOOK_EVERY_S = 5.0
REMIND_EVERY_S = 900.0

logger = logging.getLogger(__name__)
Send = Callable[[str, str], None]
Accepted = Callable[[str, str, str, datetime], None]


class Watchdog:
    """Call `look` often. A trouble is told when it begins, every 15 minutes, and when it is over."""

    def __init__(
        self,
        read: Callable[[], Pulse],
        send: Send,
        also: Callable[[], str] = lambda: "",
    ) -> None:
        self._read, self._send, self._also = read, send, also
        self._scored_at = time.monotonic()  # as far as we know; the desk gets its first minute
        self._looked_at = float("-inf")
        self._told: str = ""
        self._told_at = float("-inf")

    def look(self, now: float) -> str:
        """The trouble at `now` (monotonic seconds), empty when there is none; tells what is to be told."""
        if now - self._looked_at < LOOK_EVERY_S:
            return self._told
        self._looked_at = now
        trouble = self._trouble(now)
        if trouble and (not self._told or now - self._told_at >= REMIND_EVERY_S):
            self._told_at = now
            self._send("heartbeat: the risk desk is blind", f"{trouble}. See `risk status`, `risk doctor`.")
        if self._told and not trouble:
            self._send("heartbeat: the risk desk works again", "Scores are made and alerts get out.")
        self._told = trouble
        return trouble

    def _trouble(self, now: float) -> str:
        undelivered, unanswered = "", ""
        try:
            pulse = self._read()
        except StoreError as cause:
            logger.warning("the database does not answer: %s", cause)
            unanswered = ": the database does not answer"
        except PulseError as cause:
            logger.warning("%s", cause)
            unanswered = f": {cause}"
        else:
            undelivered = pulse.undelivered()
            if pulse.score_s is not None:
                self._scored_at = now - pulse.score_s
        silent_s = now - self._scored_at
        if silent_s > NO_SCORE_S:
            how = "is known of" if unanswered else "was made"
            return f"No score {how} for {silent_s:.0f} s{unanswered}"
        return undelivered or self._also()


def sender(
    channels: Sequence[ChannelSettings],
    telegram_api_base: str | None,
    tell: Callable[[str], None],
    accepted: Accepted = lambda _channel, _title, _body, _at: None,
) -> Send:
    """Sends to every channel in a thread of its own, so that a hanging one holds up nothing.

    Args:
        accepted: called with channel, title, body and time once a channel took it.
    """

    def send(title: str, body: str) -> None:
        tell(f"{title}. {body}")
        for channel in channels:
            if not channel.url.get_secret_value().startswith("console://"):
                given = (channel, telegram_api_base, title, body, accepted)
                threading.Thread(target=_send, args=given, daemon=True).start()

    return send


def _send(
    channel: ChannelSettings, telegram_api_base: str | None, title: str, body: str, accepted: Accepted
) -> None:
    try:
        opened = notify.open_channel(
            channel.name, channel.url.get_secret_value(), telegram_api_base=telegram_api_base
        )
        notify.send(opened, title, body)
        accepted(channel.name, title, body, datetime.now(UTC))
    except (DeliveryError, SettingsError) as cause:
        logger.error("the dead man's switch cannot reach %s: %s", channel.name, cause)
