"""`risk doctor`: what is right, doubtful or wrong, and what to do about it; within 10 seconds.

What only this machine can tell comes at once. Database, Prefect, exchange and channels are asked side by
side (`doctor_outside`), and what has not answered in time is said not to have.
"""

from __future__ import annotations

import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from risk.adapters import charts, settings
from risk.adapters.settings import Settings
from risk.errors import SettingsError
from risk.runtime.finding import Finding

WITHIN_S = 6.5  # loading the command comes on top: three seconds on a machine with eight at work on two cores
OUTSIDE = ("database", "prefect", "exchange", "channels")
DISK_WARN_BYTES, DISK_WARN_SHARE = 2 * 1024**3, 0.10
# What is known to break, and from which version on; the pins of pyproject.toml say the same.
PINS: tuple[tuple[str, str, str | None, str], ...] = (
    ("prefect", "3.8.8", "4", "install by `make setup`"),
    ("fastapi", "0.139", "0.151", "Prefect's server does not import with newer ones"),
    ("sqlalchemy", "2.0.40", "2.1", "with 2.1 Prefect is healthy and never creates a run"),
    ("apprise", "1.13", "2", "2.0 sends from another thread, and a refusal loses its reason"),
    ("websockets", "15.0.1", "17", "newer ones make resolvers fall back to Prefect 2"),
)


def examine(*, within_s: float = WITHIN_S) -> Iterator[Finding]:
    """All findings, as they come; those from outside in the order of OUTSIDE.

    Args:
        within_s: seconds after which what has not answered is given up.
    """
    until = time.monotonic() + within_s
    yield from _versions()
    try:
        known = settings.load()
    except SettingsError as cause:
        yield from (Finding("fail", "settings", line) for line in str(cause).splitlines())
        return
    looks = [_Look(subject, known) for subject in OUTSIDE]
    for check in (_settings, _disk, _font):
        yield from check(known)
    for look in looks:
        yield from look.findings(until)


class _Look:
    """One subject looked at in a thread of its own, from its making on."""

    def __init__(self, subject: str, known: Settings) -> None:
        self._subject, self._known = subject, known
        self._found: list[Finding] = []
        self._thread = threading.Thread(target=self._ask, name=f"doctor {subject}", daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        from risk.runtime import doctor_outside

        for finding in doctor_outside.asked(self._subject, self._known):
            self._found.append(finding)

    def findings(self, until: float) -> Iterator[Finding]:
        """What was found by `until` (monotonic seconds)."""
        self._thread.join(max(0.0, until - time.monotonic()))
        is_open = self._thread.is_alive()
        yield from self._found[:]
        if is_open:
            yield Finding("fail", self._subject, "no answer in time", self._remedy())

    def _remedy(self) -> str:
        if self._subject != "exchange":
            return "the machine is busy, or what it waits for hangs: look again"
        ping = f"{self._known.exchange.rest_url}/fapi/v1/ping"
        return f"see whether `curl {ping}` answers: network, name server, proxy (HTTPS_PROXY), country"


def _versions() -> Iterator[Finding]:
    wrong = 0
    for name, least, below, why in PINS:
        try:
            found = version(name)
        except PackageNotFoundError:
            found = ""
        if not found or _numbers(found) < _numbers(least) or (below and _numbers(found) >= _numbers(below)):
            wrong += 1
            yield Finding(
                "fail", "versions", f"{name} is {found or 'missing'}, wanted >={least},<{below}", why
            )
    if not wrong:
        shown = ", ".join(f"{name} {version(name)}" for name, *_ in PINS)
        yield Finding("ok", "versions", f"Python {sys.version.split()[0]}, {shown}")


def _settings(known: Settings) -> Iterator[Finding]:
    file = settings.config_file()
    where = f"{file or 'no risk.toml, defaults'}; symbols {', '.join(known.symbols)}"
    yield Finding("ok", "settings", f"{where}; limits {known.limits.version}")
    for name in settings.unknown_variables():
        yield Finding("warn", "settings", f"{name} sets nothing", "correct or unset it")
    secrets = settings.secrets_dir()
    if secrets is not None:
        for each in secrets.iterdir():
            if each.is_file() and each.stat().st_mode & 0o077:
                yield Finding("warn", "secrets", f"{each.name} can be read by others", f"chmod 600 {each}")


def _disk(known: Settings) -> Iterator[Finding]:
    place = known.data_dir
    while not place.exists():
        place = place.parent
    usage = shutil.disk_usage(place)
    free = f"{usage.free / 1024**3:.1f} GiB free at {known.data_dir}"
    if usage.free < DISK_WARN_BYTES or usage.free < DISK_WARN_SHARE * usage.total:
        remedy = "free some, or lower retention.depth_days; a full disk stops the database"
        yield Finding("warn", "disk", free, remedy)
    else:
        yield Finding("ok", "disk", free)


def _font(known: Settings) -> Iterator[Finding]:
    """Only where it is needed: matplotlib takes a second to look."""
    if not any((one.language or known.language) == "zh" for one in known.channels):
        return
    if charts.tongue("zh").language == "zh":
        yield Finding("ok", "font", f"{charts.tongue('zh').fonts[0]} for Chinese pictures")
    else:
        remedy = "install fonts-noto-cjk or fonts-wqy-zenhei; until then pictures are in English"
        yield Finding("warn", "font", "none with Chinese letters", remedy)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.split("+")[0])[:3])
