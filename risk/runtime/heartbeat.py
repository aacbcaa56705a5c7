"""`risk watchdog`: the dead man's switch as a process of its own, here or on another machine.

It reads the database by its URL, or asks the desk's page, and speaks by channels of its own. While all is
well it says nothing but one line a day, and pings a Healthchecks-compatible address, if there is one: that
service then notices when this process is gone too.
"""

from __future__ import annotations

import logging
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError

from risk.adapters import settings as settings_in_force
from risk.adapters import store
from risk.adapters.pulse_page import PulsePage
from risk.adapters.settings import Settings, WatchdogSettings
from risk.adapters.store_engine import rows
from risk.adapters.store_pulse import pulse
from risk.errors import SettingsError, StoreError
from risk.pulse import Pulse, Seen, full_disk
from risk.records import FlowProgress
from risk.runtime import log
from risk.runtime.database import address, reachable
from risk.runtime.spool import Spool
from risk.runtime.watchdog import Send, Watchdog, sender

FLOW = "watchdog"
PING_TIMEOUT_S = 5.0
TICK_S = 1.0

logger = logging.getLogger(__name__)
Free = Callable[[Path], tuple[int, int]]


class Beside:
    """What there is to see with the desk's database at hand, and its disk where that is here."""

    def __init__(
        self,
        settings: Settings,
        url: str,
        *,
        spool: Spool | None = None,
        free: Free = lambda folder: shutil.disk_usage(folder)[::2],
    ) -> None:
        self._settings, self._url, self._spool, self._free = settings, url, spool, free

    def seen(self) -> Seen:
        """What stands in the database now; what was told past it is put there first.

        Raises:
            StoreError: the database does not answer.
        """
        now = datetime.now(UTC)
        with store.connect(self._url) as db:
            found = pulse(db, now)
        if self._spool is not None:
            self._spool.replay(self._url)
        return Seen(at=now, pulse=found, watches_account=self._settings.watches_account)

    def disk(self) -> tuple[int, int] | None:
        """Total and free bytes; None: another machine's desk, there is no such folder here."""
        try:
            return self._free(self._settings.data_dir)
        except OSError:
            return None

    def day(self, now: datetime) -> str:
        """The day in one line, once: the database remembers that it was said; empty where there is none."""
        try:
            with store.connect(self._url) as db:
                said = store.progress(db, FLOW).get("digest")
                if said and said.cursor_at and now - said.cursor_at < timedelta(hours=12):
                    return ""
                store.save_progress(
                    db,
                    FlowProgress(flow=FLOW, scope="digest", cursor_at=now, done=0, total=0, updated_at=now),
                )
                return day_in_short(rows(db, "day_in_short", now=now)[0])
        except StoreError as cause:
            logger.warning("no line of the day: %s", cause)
            return ""


class Afar:
    """What the desk's page tells of it. The line of a day is left to the watchdog beside the desk."""

    def __init__(self, page: PulsePage) -> None:
        self._page = page
        self._seen: Seen | None = None

    def seen(self) -> Seen:
        """What the page answers now.

        Raises:
            PulseError: no answer, or none that tells a pulse.
        """
        self._seen = None
        self._seen = self._page.read()
        return self._seen

    def disk(self) -> tuple[int, int] | None:
        """The desk's own, as it said last."""
        return self._seen.disk if self._seen else None

    def day(self, now: datetime) -> str:
        """None."""
        return ""


class Heartbeat:
    """Looks, pings, and says one line a day. Call `beat` about every second."""

    def __init__(
        self, settings: Settings, place: Beside | Afar, send: Send, *, client: httpx.Client | None = None
    ) -> None:
        self._settings, self._place, self._send = settings, place, send
        self._client = client or httpx.Client(timeout=PING_TIMEOUT_S)
        self._seen: Seen | None = None
        self._pinged_at = float("-inf")
        self._dog = Watchdog(self._read, send, self._also)

    def beat(self, now: datetime, clock: float) -> str:
        """The trouble now, empty when there is none.

        Args:
            clock: monotonic seconds.
        """
        trouble = self._dog.look(clock)
        seen = self._seen
        if not trouble and seen and seen.pulse.is_fine(watches_account=seen.watches_account):
            self._ping(clock)
        if seen is not None and now.hour == self._settings.watchdog.digest_hour:
            line = self._place.day(now)
            if line:
                self._send("heartbeat: the day", line)
        return trouble

    def close(self) -> None:
        """Give up the connection that pings."""
        self._client.close()

    def _read(self) -> Pulse:
        self._seen = None
        self._seen = self._place.seen()
        return self._seen.pulse

    def _also(self) -> str:
        disk = self._place.disk()
        return (full_disk(*disk) if disk else "") or (self._seen.pulse.trouble() if self._seen else "")

    def _ping(self, clock: float) -> None:
        url = self._settings.watchdog.ping_url
        if url is None or clock - self._pinged_at < self._settings.watchdog.ping_every_s:
            return
        self._pinged_at = clock
        try:
            self._client.get(url.get_secret_value()).raise_for_status()
        except httpx.HTTPStatusError as cause:
            logger.warning("the ping was answered with %d", cause.response.status_code)
        except httpx.HTTPError as cause:
            logger.warning("the ping did not arrive: %s", type(cause).__name__)


def day_in_short(day: Mapping[str, Any]) -> str:
    """One line about 24 hours, from the row of day_in_short.sql."""
    slowest = f", the slowest after {day['slowest_s']:.0f} s" if day["slowest_s"] is not None else ""
    return (
        f"{day['evaluations']} evaluations, {day['fired']} alerts ({day['critical']} critical),"
        f" {day['accepted']} of {day['messages']} messages accepted{slowest}."
    )


def channels_of(settings: Settings) -> list[settings_in_force.ChannelSettings]:
    """The channels that the dead man's switch speaks by."""
    wanted = settings.watchdog.channels
    return [one for one in settings.channels if not wanted or one.name in wanted]


def configured(settings: Settings, wish: Mapping[str, object], token_file: Path | None) -> Settings:
    """The settings with what the command line says of the page.

    Raises:
        SettingsError: what it says cannot be meant.
    """
    changed = {name: given for name, given in wish.items() if given is not None}
    if token_file is not None:
        changed["token"] = token_file.read_text(encoding="utf-8").strip()
    try:
        watchdog = WatchdogSettings.model_validate(dict(settings.watchdog) | changed)
    except ValidationError as cause:
        problems = (str(error["msg"]).removeprefix("Value error, ") for error in cause.errors())
        names = (".".join(("watchdog", *map(str, error["loc"]))) for error in cause.errors())
        said = (f"{name}: {problem}" for name, problem in zip(names, problems, strict=True))
        raise SettingsError("; ".join(said)) from None
    return settings.model_copy(update={"watchdog": watchdog})


def place_of(settings: Settings, spool: Spool | None) -> Beside | Afar:
    """The page where its address is set, else the database."""
    wish = settings.watchdog
    if wish.url is None:
        return Beside(settings, address(settings), spool=spool)
    token = wish.token.get_secret_value() if wish.token else None
    return Afar(PulsePage(wish.url, token=token, ca_file=wish.ca_file))


def run(
    settings: Settings, tell: Callable[[str], None], stop: threading.Event, *, ready_file: Path | None = None
) -> int:
    """Watch until `stop`; 0 then.

    Raises:
        SettingsError: no usable database address, or a certificate file that is none.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    spool = None if settings.watchdog.url else Spool(settings.data_dir)
    note = spool.note if spool else lambda *_: None
    send = sender(channels_of(settings), settings.telegram_api_base, tell, note)
    heart = Heartbeat(settings, place_of(settings, spool), send)
    if ready_file is not None:
        ready_file.touch()
    while not stop.is_set():
        heart.beat(datetime.now(UTC), time.monotonic())
        stop.wait(TICK_S)
    return 0


def blind_from_the_start(settings: Settings) -> str:
    """What to do about a database that does not answer; empty where it does, or where the page is read."""
    if settings.watchdog.url is not None:
        return ""
    try:
        with reachable(settings):
            return ""
    except StoreError as cause:
        names = [one.name for one in channels_of(settings) if not is_console(one)]
        by = ", ".join(names) or "this terminal alone: no channel is set"
        return (
            f"{cause}. For a desk elsewhere set RISK_DATABASE_URL, or --url of its page."
            f" Looking goes on; if it stays away, that is told by {by}"
        )


def is_console(channel: settings_in_force.ChannelSettings) -> bool:
    """Whether it writes here and reaches nobody who is away."""
    return channel.url.get_secret_value().startswith("console://")


def watch(settings: Settings, tell: Callable[[str], None], *, ready_file: Path | None = None) -> int:
    """`run` until SIGTERM or Ctrl-C; what is not there to be watched is said at once, with what helps."""
    if blind := blind_from_the_start(settings):
        tell(blind)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return run(settings, tell, stop, ready_file=ready_file)


def main() -> int:
    """Command of the supervisor."""
    config = settings_in_force.load()
    log.set_up(config)
    ready_file = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    return watch(config, logger.warning, ready_file=ready_file)


if __name__ == "__main__":
    sys.exit(main())
