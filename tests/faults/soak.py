"""`python -m tests.faults.soak [--minutes 30] [--drops 5] [--seed N] [--archive DIR]`: what can go wrong.

First the sockets of a market watch are reset every second, for minutes. Then a demo at ten times the speed
of the clock is troubled by the plan of a seed (printed). Exit status 0 when at the end the gaps were short,
no alert is lost, the book is the exchange's, no part has grown, the database is not behind.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psutil
import psycopg

from risk.adapters import embedded
from tests.faults.live_desk import LiveDesk, running_desk, short_ids
from tests.faults.soak_plan import PARTS, Step, plan
from tests.faults.stream_storm import outcome

ARCHIVE = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SPEED, ARCHIVE_FROM = "10", "2024-08-05T00:00:00+00:00"
CALM_S = 45.0
SETTLED_WITHIN_S = 180.0
GROWTH, HANDLES, LAG_S = 0.05, 0, 2.0

WAITING: LiteralString = "SELECT count(*) FROM risk.delivery WHERE state = 'waiting'"
UNTOLD: LiteralString = """
    SELECT d.channel, d.state, count(*) FROM risk.delivery AS d
    WHERE d.channel IN ('mail', 'telegram') AND d.state <> 'accepted' GROUP BY 1, 2
"""
MESSAGES: LiteralString = "SELECT left(replace(CAST(message_id AS text), '-', ''), 8) FROM risk.outbox"
LAG: LiteralString = "SELECT extract(epoch FROM now() - max(received_at))::float8 FROM risk.depth"
BOOKS: LiteralString = """
    SELECT DISTINCT ON (symbol) symbol, update_id, best_bid::float8, best_ask::float8
    FROM risk.depth WHERE venue = 'usdm' ORDER BY symbol, received_at DESC
"""
CROSSED: LiteralString = "SELECT count(*) FROM risk.depth WHERE best_bid >= best_ask"


@dataclass(slots=True)
class Verdict:
    """What was found; empty failures mean that all held."""

    failures: list[str] = field(default_factory=list)

    def check(self, holds: bool, what: str) -> None:
        """Print one line, and keep it when it does not hold."""
        print(f"{'ok  ' if holds else 'FAIL'} {what}", flush=True)
        if not holds:
            self.failures.append(what)


@contextmanager
def troubled(desk: LiveDesk, step: Step) -> Iterator[None]:
    """One trouble while the block lasts."""
    wish: dict[str, Any] = dict(step.trouble.wish)
    with ExitStack() as stack:
        match step.trouble.way:
            case "exchange":
                desk.control("fault", wish | {"for": step.lasts_s})
            case "channel":
                desk.channel(wish)
                stack.callback(desk.channel, {"channel": wish["channel"], "kind": ""})
            case "market":
                desk.control("scenario", name=wish["name"])
            case "kill":
                desk.kill(wish["part"])
            case "freeze":
                stack.enter_context(frozen(desk, wish["part"]))
            case "lock":
                connection = stack.enter_context(contextlib.closing(other_client(desk)))
                connection.execute(f"LOCK TABLE {wish['table']} IN ACCESS EXCLUSIVE MODE")
            case "storm":
                with contextlib.suppress(psycopg.OperationalError):  # until no more are let in
                    for _ in range(20):
                        stack.enter_context(contextlib.closing(other_client(desk, embedded.READER)))
        yield


@contextmanager
def frozen(desk: LiveDesk, part: str) -> Iterator[None]:
    """A part that neither runs nor dies: its sockets stay open and nothing answers."""
    process = desk.process_of(part)
    if process is not None:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)


def other_client(desk: LiveDesk, role: str = embedded.SUPERUSER) -> psycopg.Connection:
    return psycopg.connect(embedded.url(desk.folder, role=role), connect_timeout=5)


def go_through(desk: LiveDesk, steps: Sequence[Step]) -> int:
    """How many troubles were made."""
    for number, step in enumerate(steps, start=1):
        time.sleep(step.rest_s)
        shown = " ".join(f"{key}={value}" for key, value in step.trouble.wish.items())
        print(
            f"{number}/{len(steps)} {step.trouble.row} {step.trouble.way} {shown} {step.lasts_s:.0f} s",
            flush=True,
        )
        try:
            with troubled(desk, step):
                time.sleep(step.lasts_s)
        except psycopg.Error as cause:  # the database is down just now: that is trouble enough
            print(f"    not made: {type(cause).__name__}", flush=True)
        assert desk.process.poll() is None, "the supervisor ended"
    return len(steps)


def calm(desk: LiveDesk) -> None:
    """End every trouble and let the desk come to rest."""
    for _ in range(30):
        if desk.control("fault", method="DELETE") is not None:
            break
        time.sleep(1.0)
    for channel in ("telegram", "mail"):
        desk.channel({"channel": channel, "kind": ""})
    time.sleep(CALM_S)


@dataclass(frozen=True, slots=True)
class Size:
    """One part as it stands: process, resident bytes, open handles."""

    pid: int
    rss_bytes: int
    handles: int


def sizes(desk: LiveDesk) -> dict[str, Size]:
    """The smallest of ten looks in ten seconds: work that is under way is no growth."""
    found: dict[str, list[Size]] = {}
    for _ in range(10):
        for name in PARTS:
            process = desk.process_of(name)
            if name != "database" and process is not None:
                with contextlib.suppress(psutil.Error):
                    found.setdefault(name, []).append(
                        Size(process.pid, process.memory_info().rss, process.num_fds())
                    )
        time.sleep(1.0)
    return {
        name: Size(seen[-1].pid, min(s.rss_bytes for s in seen), min(s.handles for s in seen))
        for name, seen in found.items()
    }


def judge_growth(verdict: Verdict, before: dict[str, Size], after: dict[str, Size]) -> None:
    for name, then in before.items():
        now = after.get(name)
        if now is None or now.pid != then.pid:
            verdict.check(False, f"{name} lived through the second half")
            continue
        grown = now.rss_bytes / then.rss_bytes - 1
        verdict.check(grown <= GROWTH, f"{name}: {then.rss_bytes / 2**20:.0f} MiB, {grown:+.1%}")
        more = now.handles - then.handles
        verdict.check(more <= HANDLES, f"{name}: {then.handles} handles, {more:+d}")


def judge_alerts(verdict: Verdict, desk: LiveDesk, troubles: int) -> None:
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while desk.ask(WAITING) != [(0,)] and time.monotonic() < deadline:
        time.sleep(0.5)
    untold = desk.ask(UNTOLD)
    verdict.check(untold == [], f"every message is accepted by both channels {untold or ''}")
    messages = {row[0] for row in desk.ask(MESSAGES)}
    verdict.check(bool(messages), f"{len(messages)} messages were made")
    for channel in ("mail", "telegram"):
        told = Counter(short_ids(desk.folder / "sinks" / f"{channel}.jsonl"))
        lost, twice = messages - set(told), told.total() - len(told)
        verdict.check(not lost, f"{channel}: {len(lost)} lost")
        verdict.check(twice <= troubles, f"{channel}: {twice} told once more, {troubles} troubles")


def judge_books(verdict: Verdict, desk: LiveDesk) -> None:
    """The exchange stands still; what we stored last is what it shows."""
    desk.control("pause")
    time.sleep(4.0)
    theirs = desk.control("state", method="GET")["books"]
    ours = {row[0]: row[1:] for row in desk.ask(BOOKS)}
    desk.control("resume")
    for symbol, book in theirs.items():
        shown = (book["lastUpdateId"], float(book["bids"][0][0]), float(book["asks"][0][0]))
        verdict.check(ours.get(symbol) == shown, f"{symbol}: book {ours.get(symbol)}, exchange {shown}")
    verdict.check(desk.ask(CROSSED) == [(0,)], "no book was ever stored crossed")


def judge_lag(verdict: Verdict, desk: LiveDesk) -> None:
    lags = []
    for _ in range(10):
        lags.append(float(desk.ask(LAG)[0][0]))
        time.sleep(0.7)
    lag_s = statistics.median(lags)
    verdict.check(lag_s <= LAG_S, f"the newest depth in the database is {lag_s:.1f} s old")
    began = time.time()
    with contextlib.suppress(AssertionError):
        desk.wait("a score", lambda: desk.newest_score() > began, 30.0)
    verdict.check(desk.newest_score() > began, "it scores")


def soak(minutes: float, seed: int, options: Sequence[str]) -> list[str]:
    """What did not hold."""
    verdict = Verdict()
    early, late = plan(seed, minutes * 60)
    with (
        tempfile.TemporaryDirectory(prefix="risk-soak-", ignore_cleanup_errors=True) as folder,
        running_desk(Path(folder), *options) as desk,
    ):
        troubles = go_through(desk, early)
        calm(desk)
        before = sizes(desk)
        troubles += go_through(desk, late)
        calm(desk)
        judge_lag(verdict, desk)
        judge_growth(verdict, before, sizes(desk))
        judge_alerts(verdict, desk, troubles)
        judge_books(verdict, desk)
        rows = Counter(step.trouble.row for step in (*early, *late))
        print("troubles by row:", ", ".join(f"{row} {rows[row]}" for row in sorted(rows)))
    return verdict.failures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description="See docs/faults.md.")
    parser.add_argument("--minutes", type=float, default=30.0, help="of trouble; rests come on top")
    parser.add_argument("--drops", type=float, default=5.0, help="minutes of resets every second, before it")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--archive", type=Path, default=ARCHIVE if ARCHIVE.is_dir() else None)
    given = parser.parse_args()
    print(f"seed {given.seed}, {given.minutes:g} minutes", flush=True)
    options: list[str] = []
    if given.archive is not None:
        options = ["--archive", str(given.archive), "--from", ARCHIVE_FROM, "--speed", SPEED]
    failures: list[str] = []
    if given.drops:
        line, failures = outcome(1.0, given.drops * 60)
        print(line, flush=True)
    if given.minutes:
        failures += soak(given.minutes, given.seed, options)
    print(f"seed {given.seed}: " + (f"{len(failures)} did not hold" if failures else "all held"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
