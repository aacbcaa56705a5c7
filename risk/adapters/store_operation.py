"""What keeps the desk running: progress, signs of life, ledger, bans, leases, partitions, roll-ups."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from risk.adapters.store_codec import plain
from risk.adapters.store_engine import count, engine, rows, run
from risk.errors import StoreError
from risk.records import DataIssue, FlowProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Last sign of life of one part."""

    part: str
    beat_at: datetime
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """Size of one table with all its partitions."""

    name: str
    row_estimate: int
    bytes: int
    partitions: int


def save_progress(db: Connection, progress: FlowProgress) -> None:
    """Remember how far a flow has come; an older word changes nothing."""
    run(db, "save_progress", **asdict(progress))


def progress(db: Connection, flow: str) -> dict[str, FlowProgress]:
    """How far a flow has come, by scope."""
    return {row["scope"]: FlowProgress(**row) for row in rows(db, "progress", flow=flow)}


def beat(db: Connection, part: str, at: datetime, details: Mapping[str, Any] | None = None) -> None:
    """A sign of life. "exchange" and "income" also tell scoring when they last answered."""
    run(db, "beat", part=part, at=at, details=json.dumps(dict(details or {}), default=plain))


def beats(db: Connection) -> dict[str, Beat]:
    """Last sign of life of every part."""
    return {row["part"]: Beat(**row) for row in rows(db, "beats")}


def save_fact(db: Connection, name: str, value: float, at: datetime) -> None:
    """A named number for `State.facts`, e.g. key_can_trade as 0 or 1; it also appears as `name`_at."""
    run(db, "save_fact", name=name, value=float(value), at=at)


def save_issues(db: Connection, issues: Iterable[DataIssue]) -> int:
    """Lines for the ledger of data quality: one row per kind and hour, the same again only counts.

    Returns how many rows were made or brought up.
    """
    lines = [asdict(issue) | {"value": issue.value[:200], "problem": issue.problem[:300]} for issue in issues]
    if not lines:
        return 0
    return run(db, "save_issues", rows=json.dumps(lines, default=plain)).rowcount


def ban(db: Connection, host: str, now: datetime) -> datetime | None:
    """End of the ban of this host, None when there is none in force."""
    return run(db, "ban", host=host, now=now).scalar_one_or_none()


def save_ban(db: Connection, host: str, until: datetime, reason: str = "") -> None:
    """No request to this host before `until`; outlives a restart. A shorter ban does not end a longer one."""
    run(db, "save_ban", host=host, until=until, reason=reason)


def lease_symbols(
    db: Connection, holder: str, symbols: Sequence[str], ttl_s: float, now: datetime
) -> tuple[str, ...]:
    """Symbols whose streams the holder keeps for `ttl_s` seconds: free, ended, its own renewed."""
    granted = rows(db, "lease_symbols", holder=holder, symbols=list(symbols), ttl_s=float(ttl_s), now=now)
    return tuple(row["symbol"] for row in granted)


def release_symbols(db: Connection, holder: str) -> None:
    """Give up all stream leases of the holder."""
    run(db, "release_symbols", holder=holder)


def try_role_lock(db: Connection, role: str) -> bool:
    """Whether this session now has the role alone. It keeps it until its connection closes: do not let
    `db` go back to the pool, or take `role_lock` instead."""
    return bool(run(db, "try_role_lock", role=role).scalar_one())


@contextmanager
def role_lock(url: str, role: str) -> Iterator[bool]:
    """Whether the role is ours inside the block, over a connection of its own; free again after it.

    Raises:
        StoreError: the database does not answer.
    """
    try:
        with engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.detach()  # leaves the pool, so that its end is the lock's end
            yield try_role_lock(connection, role)
    except SQLAlchemyError as cause:
        raise StoreError(f"lock of role {role}: {cause}") from cause


def ensure_partitions(db: Connection, *, today: date, days_ahead: int = 7) -> int:
    """How many day partitions were missing and are made now, from today to `days_ahead` days later."""
    return count(db, "ensure_partitions", today=today, days_ahead=days_ahead)


def drop_partitions(db: Connection, retention: Mapping[str, int], today: date) -> int:
    """Forget what is older than `retention` (table name to days kept); returns single rows deleted.

    Whole days go with their partition, rows of tables without partitions one by one.

    Raises:
        StoreError: a table that does not exist or has no time to go by.
    """
    return sum(
        count(db, "forget_before", table_name=table, first_kept=today - timedelta(days=days))
        for table, days in retention.items()
    )


def roll_up_depth(db: Connection, *, since: datetime, until: datetime) -> tuple[int, int]:
    """Minutes and hours of depth made from the samples of the whole minutes and hours in [since, until)."""
    minutes = run(db, "roll_up_depth_minutes", since=since, until=until).rowcount
    hours = run(db, "roll_up_depth_hours", since=since, until=until).rowcount
    return minutes, hours


def table_sizes(db: Connection) -> list[TableSize]:
    """Our tables, largest first."""
    return [TableSize(**row) for row in rows(db, "table_sizes")]
