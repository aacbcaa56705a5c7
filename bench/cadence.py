"""The whole desk on its cadences: start lag, missed slots, CPU and what Prefect's database grows by.

    python -m bench.cadence                 ten minutes, 20 symbols, all cadences
    python -m bench.cadence --seconds 60    a short look

Not part of `python -m bench`: it starts the real desk against the simulated exchange, and the ten minutes
are the point. Exit status 1 when a goal fails.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from risk.adapters import settings
from risk.runtime import demo, plan, prefect_server, stack
from risk.runtime.stack import Stack

SETTLING_S = 20.0  # after the parts are up: the runs of the start
PAGE = 200
FAILED = ("FAILED", "CRASHED")
OUTSIDE = ("exchange", "sinks")  # the simulated world is not part of the desk
MEGABYTE = 1024.0**2
SYMBOLS = (
    "BTCUSDT,ETHUSDT,SOLUSDT,BNBUSDT,XRPUSDT,DOGEUSDT,ADAUSDT,AVAXUSDT,LINKUSDT,LTCUSDT,"
    "DOTUSDT,ATOMUSDT,TRXUSDT,MATICUSDT,UNIUSDT,NEARUSDT,APTUSDT,ARBUSDT,OPUSDT,FILUSDT"
)


@dataclass(frozen=True, slots=True)
class Goal:
    """One bar: what was measured, at most what, in which unit."""

    name: str
    value: float
    at_most: float
    unit: str

    @property
    def is_met(self) -> bool:
        """Whether the value keeps to the bar; what is not a number does not."""
        return self.value <= self.at_most


@dataclass(frozen=True, slots=True)
class Run:
    """One recorded run of a deployment with a cadence."""

    deployment: str
    due_at: datetime
    began_at: datetime | None
    state: str
    reason: str  # what its state says


def main() -> int:
    """Run the desk, print the table, 1 when a goal fails."""
    parser = argparse.ArgumentParser(prog="python -m bench.cadence", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--symbols", default=SYMBOLS)
    given = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="risk-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["RISK_DATA_DIR"] = folder
        wish = demo.Wish(scenario="calm", symbols=tuple(given.symbols.split(",")))
        mine = settings.load().model_copy(update={"symbols": wish.symbols})
        with stack.opened(
            mine, "bench", console.print, besides=lambda desk: demo.besides(desk, wish), stops_at_once=True
        ) as desk:
            goals = _measured(desk, given.seconds, console)
        if not all(goal.is_met for goal in goals):
            console.print((desk.folder / "logs" / "worker-cadence.log").read_text()[-4_000:], markup=False)
    _print(goals, console)
    return 0 if all(goal.is_met for goal in goals) else 1


def _measured(desk: Stack, seconds: float, console: Console) -> list[Goal]:
    _look_after(desk, SETTLING_S)
    since, size_before, cpu_before = datetime.now(UTC), _prefect_bytes(desk), _cpu_s(desk)
    console.print(f"measuring for {seconds:.0f} s from {since:%H:%M:%S}, load {os.getloadavg()[0]:.2f}")
    _look_after(desk, seconds)
    until = datetime.now(UTC)
    cpu_after = _cpu_s(desk)
    _look_after(desk, 3.0)  # the last runs end
    runs = list(_runs(desk.environment, since, until))
    grown = _prefect_bytes(desk) - size_before
    elapsed_s = (until - since).total_seconds()
    shares = {name: (cpu_after[name] - cpu_before.get(name, 0.0)) / elapsed_s for name in cpu_after}
    _print_details(runs, shares, grown, console)
    lags = (
        np.array([(r.began_at - r.due_at).total_seconds() for r in runs if r.began_at])
        if runs
        else np.array([np.inf])
    )
    per_run = grown / max(1, len(runs))
    kept_runs = len(runs) / elapsed_s * timedelta(hours=48).total_seconds()
    return [
        Goal("start lag, median", float(np.percentile(lags, 50)), 0.4, "s"),
        Goal("start lag, 99th percentile", float(np.percentile(lags, 99)), 1.2, "s"),
        Goal("5 s slots missed", float(len(_missed(runs, since, until))), 0, "slots"),
        Goal("runs that failed", float(sum(run.state in FAILED for run in runs)), 0, "runs"),
        Goal("CPU of all parts", 100 * sum(shares.values()), 50, "% of one core"),
        Goal("Prefect's database after 48 h", per_run * kept_runs / MEGABYTE, 500, "MB"),
        Goal("parts that died", float(sum(c.restarts for c in desk.supervisor.charges.values())), 0, "parts"),
    ]


def _look_after(desk: Stack, seconds: float) -> None:
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at and not desk.interrupt.came:
        desk.tick()
        time.sleep(stack.TICK_S)


def _missed(runs: Sequence[Run], since: datetime, until: datetime) -> list[tuple[str, datetime]]:
    """Slots of the 5 s deployments that no run was made of."""
    made = {(run.deployment, run.due_at.replace(microsecond=0)) for run in runs if run.began_at}
    missed = []
    for entry in plan.load().entries:
        if entry.cadence is not None and entry.cadence.interval == timedelta(seconds=5):
            slot = entry.cadence.slot_after(since)
            while slot < until:
                if (entry.name, slot) not in made:
                    missed.append((entry.name, slot))
                slot += entry.cadence.interval
    return missed


def _runs(environment: Mapping[str, str], since: datetime, until: datetime) -> Iterator[Run]:
    """Recorded runs of deployments with a cadence that were due between the two moments."""
    ask = _asker(environment)
    names = {each["id"]: each["name"] for each in ask("/deployments/filter", {})}
    regular = {entry.name for entry in plan.load().entries if entry.cadence is not None}
    due = {"expected_start_time": {"after_": since.isoformat(), "before_": until.isoformat()}}
    offset = 0
    while page := ask("/flow_runs/filter", {"flow_runs": due, "limit": PAGE, "offset": offset}):
        for each in page:
            name = names.get(each["deployment_id"], "")
            if name in regular:
                began = each["start_time"]
                yield Run(
                    name,
                    datetime.fromisoformat(each["expected_start_time"]),
                    datetime.fromisoformat(began) if began else None,
                    each["state_type"],
                    (each["state"] or {}).get("message") or "",
                )
        offset += len(page)


def _asker(environment: Mapping[str, str]) -> Callable[[str, object], list[dict[str, Any]]]:
    """Asks Prefect's server as the desk's user, with the token that it wants of a POST."""
    name, _, secret = environment["PREFECT_API_AUTH_STRING"].partition(":")
    client = str(uuid4())
    api = httpx.Client(base_url=environment["PREFECT_API_URL"], auth=(name, secret), timeout=30)
    token = api.get("/csrf-token", params={"client": client}).raise_for_status().json()["token"]
    api.headers.update({"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token})

    def ask(path: str, body: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = api.post(path, json=body).raise_for_status().json()
        return found

    return ask


def _cpu_s(desk: Stack) -> dict[str, float]:
    """CPU seconds used so far by each part of the desk with its children, and by the supervisor."""
    used = {"supervisor": _tree_s(os.getpid(), with_children=False)}
    for name, charge in desk.supervisor.charges.items():
        process_id = charge.part.pid()
        if process_id is not None and name not in OUTSIDE:
            used[name] = _tree_s(process_id)
    return used


def _tree_s(process_id: int, *, with_children: bool = True) -> float:
    """Backends of PostgreSQL that ended are in their parent's account of its children."""
    process = psutil.Process(process_id)
    family = [process, *process.children(recursive=True)] if with_children else [process]
    total = 0.0
    for each in family:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if each is process and with_children:
            total += times.children_user + times.children_system
    return total


def _prefect_bytes(desk: Stack) -> float:
    """Size of Prefect's database, dead rows swept out before; of its file where it is one."""
    file = desk.folder / "prefect" / "prefect.db"
    if file.exists():
        return float(file.stat().st_size)
    url = desk.owner_url.replace("/risk?", f"/{prefect_server.DATABASE}?")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM")
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return float(row[0]) if row else float("nan")


def _print_details(runs: Sequence[Run], shares: Mapping[str, float], grown: float, console: Console) -> None:
    table = Table("deployment", "runs", "made", "lag p50 s", "lag p99 s", "not completed")
    for name in sorted({run.deployment for run in runs}):
        mine = [run for run in runs if run.deployment == name]
        lags = [(run.began_at - run.due_at).total_seconds() for run in mine if run.began_at]
        p50, p99 = (f"{np.percentile(lags, q):.2f}" if lags else "–" for q in (50, 99))
        odd = [run.state for run in mine if run.state != "COMPLETED"]
        shown = ", ".join(f"{odd.count(state)} {state.lower()}" for state in sorted(set(odd)))
        table.add_row(name, str(len(mine)), str(len(lags)), p50, p99, shown)
    console.print(table)
    reasons = Counter(
        f"{run.deployment}: {run.reason or 'no reason given'}" for run in runs if run.state in FAILED
    )
    for reason, times in reasons.most_common(10):
        console.print(f"failed {times}× {reason}", markup=False, soft_wrap=True)
    parts = ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items())
    console.print(f"CPU of one core: {parts}")
    console.print(f"Prefect's database grew by {grown / MEGABYTE:.2f} MB in {len(runs)} runs")


def _print(goals: Sequence[Goal], console: Console) -> None:
    table = Table("bar", "measured", "at most", "unit", "")
    for goal in goals:
        table.add_row(
            goal.name, f"{goal.value:.2f}", f"{goal.at_most:g}", goal.unit, "pass" if goal.is_met else "FAIL"
        )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
