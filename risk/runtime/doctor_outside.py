"""What the doctor asks of others: database, Prefect, exchange, channels. Loading this takes a second."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

import psycopg

from risk.adapters import embedded, notify, store
from risk.adapters.migrate import current, head, is_known
from risk.adapters.report_files import answer, report
from risk.adapters.settings import Settings
from risk.errors import KeyRejectedError, RiskError, SettingsError, UnreachableError
from risk.runtime import prefect_server, trouble, whereabouts
from risk.runtime.database import folder, reachable
from risk.runtime.finding import Finding
from risk.runtime.hold import is_held
from risk.runtime.key_gate import exchange_of

QUICK, LATE_S = ("depth", "ticker", "mark", "open", "account"), 120.0  # first words of data_freshness
WORDS = {"failed": "has failed", "late": "has been due", "hung": "has been going"}
CLOCK_WARN_S = 1.0
CLOCK_FAIL_S = 5.0
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


def asked(subject: str, known: Settings) -> Iterator[Finding]:
    """All findings about one of database, prefect, exchange, channels; a failed look is a finding too."""
    checks: Mapping[str, Callable[[Settings], Iterator[Finding]]] = {
        "database": _database, "prefect": _prefect, "exchange": _exchange, "channels": _channels,
    }  # fmt: skip
    try:
        yield from checks[subject](known)
    except (RiskError, OSError) as cause:
        yield Finding("fail", subject, str(cause), _remedy(known, cause))
    except Exception as cause:  # noqa: BLE001 - a look that breaks must not pass for one that found nothing
        yield Finding("fail", subject, f"cannot be looked at: {type(cause).__name__}: {cause}")


def _remedy(known: Settings, cause: Exception) -> str:
    if isinstance(cause, UnreachableError):
        place = urlsplit(known.exchange.rest_url).netloc
        return (
            f"see whether `curl https://{place}/fapi/v1/ping` answers: network, proxy (HTTPS_PROXY), country"
        )
    return ""


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
        for one in trouble.last_troubles(beat.details):
            how = f"{WORDS[one.kind]} for {_age((now - one.since).total_seconds())}"
            yield Finding(
                "warn", "flow", f"{one.flow} {how}", one.problem or "see the load and the worker's log"
            )
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
    said = whereabouts.read(place) if is_held(place) else None
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
    logging.getLogger("stamina").setLevel(logging.ERROR)  # retries are told by their result
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
        yield symbols_finding(known.symbols, {each.symbol for each in exchange.exchange_info()})
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


def symbols_finding(watched: Sequence[str], listed: Collection[str]) -> Finding:
    """Whether the exchange has the watched symbols; one that it has not is never scored."""
    unknown = [symbol for symbol in watched if symbol not in listed]
    if not unknown:
        return Finding("ok", "symbols", f"the exchange lists all {len(watched)}")
    near = get_close_matches(unknown[0], sorted(listed), n=1)
    remedy = f"did you mean {near[0]}? " if near else ""
    return Finding(
        "fail", "symbols", f"the exchange does not list {', '.join(unknown)}", f"{remedy}correct symbols"
    )


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
