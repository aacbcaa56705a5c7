"""`risk doctor`: what is right, doubtful or wrong, and what to do about it; within 10 seconds."""

from __future__ import annotations

import logging
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

import psycopg

from risk.adapters import charts, embedded, notify, settings, store
from risk.adapters.migrate import current, head, is_known
from risk.adapters.report_files import answer, report
from risk.adapters.settings import Settings
from risk.errors import KeyRejectedError, RiskError, SettingsError, UnreachableError
from risk.runtime import prefect_server, stack
from risk.runtime.database import folder, reachable
from risk.runtime.hold import is_held
from risk.runtime.key_gate import exchange_of

DISK_WARN_BYTES, DISK_WARN_SHARE = 2 * 1024**3, 0.10
QUICK, LATE_S = ("depth", "ticker", "mark", "open", "account"), 120.0  # first words of data_freshness
CLOCK_WARN_S = 1.0
CLOCK_FAIL_S = 5.0
# What is known to break, and from which version on; the pins of pyproject.toml say the same.
PINS: tuple[tuple[str, str, str | None, str], ...] = (
    ("prefect", "3.8.8", "4", "install by `make setup`"),
    ("fastapi", "0.139", "0.151", "Prefect's server does not import with newer ones"),
    ("sqlalchemy", "2.0.40", "2.1", "with 2.1 Prefect is healthy and never creates a run"),
    ("apprise", "1.13", "2", "2.0 sends from another thread, and a refusal loses its reason"),
    ("websockets", "15.0.1", "17", "newer ones make resolvers fall back to Prefect 2"),
)
ROLES = """
    SELECT
        ARRAY(
            SELECT wanted.name
            FROM unnest(ARRAY['risk_owner', 'risk_reader', 'risk_writer']) AS wanted (name)
            WHERE NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = wanted.name)
        ),
        coalesce((
            SELECT has_table_privilege(r.oid, 'risk.score', 'INSERT')
            FROM pg_roles AS r WHERE r.rolname = 'risk_reader'
        ), false)
"""
MARKS = {"ok": "[green]ok  [/green]", "warn": "[yellow]warn[/yellow]", "fail": "[bold red]fail[/bold red]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: how it is ("ok", "warn", "fail"), what was looked at, what was found, what to do."""

    mark: str
    subject: str
    found: str
    remedy: str = ""

    @property
    def exit_code(self) -> int:
        """0, 1 or 2."""
        return {"ok": 0, "warn": 1, "fail": 2}[self.mark]

    def line(self) -> str:
        """For a terminal, with rich's markup."""
        remedy = f" → {self.remedy}" if self.remedy else ""
        return f"{MARKS[self.mark]} {self.subject:<11} {_plain(self.found + remedy)}"


def examine() -> Iterator[Finding]:
    """All findings, as they come."""
    logging.getLogger("stamina").setLevel(logging.ERROR)  # retries are told by their result
    yield from _versions()
    try:
        known = settings.load()
    except SettingsError as cause:
        yield from (Finding("fail", "settings", line) for line in str(cause).splitlines())
        return
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _settings, _disk, _font, _database, _prefect, _exchange, _channels,
    )  # fmt: skip
    for check in checks:
        try:
            yield from check(known)
        except (RiskError, OSError) as cause:
            yield Finding("fail", check.__name__.strip("_"), str(cause), _remedy(known, cause))


def _remedy(known: Settings, cause: Exception) -> str:
    if isinstance(cause, UnreachableError):
        place = urlsplit(known.exchange.rest_url).netloc
        return (
            f"see whether `curl https://{place}/fapi/v1/ping` answers: network, proxy (HTTPS_PROXY), country"
        )
    return ""


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


def _database(known: Settings) -> Iterator[Finding]:
    has_server = bool(known.database_url) or is_held(folder(known))
    if not has_server:
        yield Finding(
            "warn", "database", "the embedded one does not run", "`risk up` or `risk demo` starts it"
        )
        return
    with reachable(known, role=embedded.READER) as url:
        finding = schema_finding(current(url), head())
        yield finding
        if finding.mark != "ok":
            return
        yield from _roles(url)
        with store.connect(url) as db:
            beats = store.beats(db)
            inputs = answer(db, report("data_freshness"), {"now": datetime.now(UTC)})
    now = datetime.now(UTC)
    for name, beat in sorted(beats.items()):
        age_s = (now - beat.beat_at).total_seconds()
        is_led = beat.details.get("is_led_by_prefect", True)
        if name.startswith("worker/") and not is_led:
            yield Finding(
                "warn", "cadence", f"{name} goes on by itself, Prefect does not lead", "see Prefect below"
            )
        if name.startswith("worker/") or name in ("streams", "delivery"):
            mark = "ok" if age_s < 60 else "warn"
            yield Finding(mark, "feed", f"{name}: last sign of life {age_s:.0f} s ago")

    yield from _feeds(known, *inputs, now)


def _roles(url: str) -> Iterator[Finding]:
    """Whether the three roles are there, and whether the reader cannot write."""
    with psycopg.connect(url, connect_timeout=3) as connection:
        found = connection.execute(ROLES).fetchone()
    missing, can_write = found or ([], False)
    if missing:
        remedy = "`risk db migrate` as a role that may make roles (docs/operations.md, Database)"
        yield Finding(
            "warn", "roles", f"{', '.join(missing)} missing: every part has the owner's rights", remedy
        )
    elif can_write:
        yield Finding(
            "fail", "roles", "risk_reader may write scores", "`risk db migrate` sets the rights anew"
        )
    else:
        yield Finding("ok", "roles", "owner, writer and reader are apart")


def _feeds(
    known: Settings, columns: list[str], rows: list[tuple[Any, ...]], now: datetime
) -> Iterator[Finding]:
    """The age of each kind of input of the watched symbols, the oldest symbol speaking for its kind."""
    oldest: dict[str, float] = {}
    for row in rows:
        line = dict(zip(columns, row, strict=True))
        if line["symbol"] in (*known.symbols, known.account):
            age_s = (now - line["event_at"]).total_seconds()
            oldest[line["input"]] = max(oldest.get(line["input"], age_s), age_s)
    late = {kind: age_s for kind, age_s in oldest.items() if kind.split()[0] in QUICK and age_s > LATE_S}
    for kind, age_s in sorted(late.items()):
        yield Finding("warn", "input", f"{kind} is {_age(age_s)} old", "does the desk run? see `risk status`")
    if fresh := [f"{kind} {_age(age_s)}" for kind, age_s in sorted(oldest.items()) if kind not in late]:
        yield Finding("ok", "input", f"ages: {', '.join(fresh)}")


def _age(age_s: float) -> str:
    return (
        f"{age_s:.0f} s"
        if age_s < 300
        else f"{age_s / 60:.0f} min"
        if age_s < 7200
        else f"{age_s / 3600:.0f} h"
    )


def schema_finding(stands: str | None, wanted: str) -> Finding:
    """How a database's schema is beside the one that this program wants."""
    if stands == wanted:
        return Finding("ok", "database", f"answers; schema {stands}")
    remedy = "`risk db migrate`" if is_known(stands) else "a newer program made it: update this one"
    return Finding("fail", "database", f"schema {stands or 'is missing'}, wanted {wanted}", remedy)


def _prefect(known: Settings) -> Iterator[Finding]:
    place = folder(known)
    said = stack.state(place) if is_held(place) else None
    api = known.prefect.api_url or (said or {}).get("prefect", "")
    if not api:
        yield Finding("warn", "prefect", "no desk runs here", "`risk up` or `risk demo` starts one")
        return
    password = prefect_server.password_in(place) if not known.prefect.api_url else ""
    environment = {"PREFECT_API_URL": api, "PREFECT_API_AUTH_STRING": password}
    if not prefect_server.is_up(environment):
        yield Finding(
            "fail", "prefect", f"{api} does not answer", "see logs/prefect.log in the data directory"
        )
        return
    if prefect_server.is_open(api):
        yield door_finding(api)
    begun, coming = prefect_server.scoring_runs(environment)
    yield schedule_finding(begun=begun, coming=coming)


def door_finding(api: str) -> Finding:
    """How bad it is that the server at this address answers without a password."""
    is_here = urlsplit(api).hostname in ("127.0.0.1", "localhost", "::1")
    found = f"{api} answers without a password"
    return Finding(
        "ok" if is_here else "fail",
        "prefect",
        found,
        "set PREFECT_SERVER_API_AUTH_STRING, or bind it to 127.0.0.1",
    )


def schedule_finding(*, begun: int, coming: int) -> Finding:
    """How Prefect schedules: runs of scoring that began in the last minute, and those of the next."""
    if not coming:
        found = "answers, but schedules no run of scoring"
        return Finding("fail", "prefect", found, "restart it; check the pins")
    if not begun:
        found = "no run of scoring began in the last minute"
        return Finding("warn", "prefect", found, "is worker-cadence up?")
    return Finding("ok", "prefect", f"{begun} runs of scoring in the last minute, {coming} scheduled")


def _exchange(known: Settings) -> Iterator[Finding]:
    places = known.exchange
    with exchange_of(known) as exchange:
        began = time.time()
        theirs = exchange.server_time().timestamp()
        offset_s = theirs - (began + time.time()) / 2
        mark = "ok" if abs(offset_s) < CLOCK_WARN_S else "warn" if abs(offset_s) < CLOCK_FAIL_S else "fail"
        remedy = "" if mark == "ok" else "set the clock by NTP"
        yield Finding(
            mark, "exchange", f"{places.rest_url} answers; clocks differ by {offset_s:+.2f} s", remedy
        )
        if not known.watches_account:
            yield Finding(
                "warn", "key", "none: the leverage dimension is not judged", "set api_key and api_secret"
            )
            return
        try:
            rights = exchange.key_restrictions()
        except KeyRejectedError as cause:
            yield Finding("fail", "key", str(cause), "check the key, its address list and its right to read")
            return
    for refusal in rights.refusals:
        yield Finding("fail", "key", refusal, "make a key that can only read; this desk needs no more")
    for warning in rights.warnings:
        yield Finding("warn", "key", warning)
    if not rights.refusals:
        mark = "ok" if rights.state == "accepted" else "warn"
        yield Finding(mark, "key", f"rights {rights.state}{': ' + rights.reason if rights.reason else ''}")


def _channels(known: Settings) -> Iterator[Finding]:
    for channel in known.channels:
        try:
            opened = notify.open_channel(
                channel.name, channel.url.get_secret_value(), telegram_api_base=known.telegram_api_base
            )
        except SettingsError as cause:
            yield Finding("fail", "channel", str(cause), "https://github.com/caronc/apprise/wiki lists them")
        else:
            yield Finding("ok", "channel", f"{channel.name} ({opened.kind}), from {channel.min_severity} on")
    if all(channel.url.get_secret_value().startswith("console://") for channel in known.channels):
        yield Finding("warn", "channel", "only the console", "add one that reaches you, under [[channels]]")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.split("+")[0])[:3])


def _plain(text: str) -> str:
    return " ".join(text.replace("[", "\\[").split())
