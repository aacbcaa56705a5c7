"""What one evaluation concluded, written whole: scores, memory, advice, alerts, messages, deliveries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from risk.adapters.store_codec import plain
from risk.adapters.store_copy import prepare
from risk.adapters.store_engine import count, driver, run, statement
from risk.errors import StoreError
from risk.records import Alert
from risk.state import COMPONENTS, Decision, Memory, Scores, TellingReason

SEVERITIES = ("info", "warning", "critical")
EPOCH_2000 = datetime(2000, 1, 1, tzinfo=UTC)
_FLOAT4_OID, _INT2_OID = 700, 21
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_COPY = b"COPY incoming_score FROM STDIN (FORMAT BINARY)"


def save_decision(db: Connection, decision: Decision, *, channels: Sequence[tuple[str, str]] = ()) -> int:
    """How many score rows were new. Part of the caller's transaction: all of it is stored or nothing.

    Args:
        channels: name and least severity of each channel; every message gets a delivery row for those
            that want it. Listeners on `risk_outbox` wake when the transaction commits.

    Raises:
        StoreError: the database refused a value; the transaction is lost then.
    """
    prepare(db, "score", statement("stage_score").text)
    with driver(db).cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_score_rows(decision))
    stored = count(db, "save_score")
    if decision.signals:
        run(db, "save_signal", rows=_json([asdict(s) for s in decision.signals]))
    save_told(db, decision.alerts, decision.tellings)
    if decision.messages:
        run(
            db,
            "save_message",
            rows=_json([asdict(m) for m in decision.messages]),
            channels=[name for name, _ in channels],
            least=[SEVERITIES.index(least) for _, least in channels],
        )
    return stored


def save_told(db: Connection, alerts: Sequence[Alert], tellings: Sequence[TellingReason]) -> None:
    """Alerts as they stand, and what was decided about telling them; what is known newer stays.

    Raises:
        StoreError: another alert of that name and scope stands open.
    """
    if alerts:
        run(db, "save_alert", rows=_json([asdict(a) for a in alerts]))
    if tellings:
        run(db, "save_telling", rows=_json([asdict(t) for t in tellings]))


def save_limits(db: Connection, limits_version: str, body: Mapping[str, Any]) -> None:
    """Remember the body of a version of the limits, once; scores refer to it by its version.

    Raises:
        StoreError: the version is no 12 hex digits, or the body holds NaN.
    """
    run(db, "save_limits", version=limits_version, body=_json(body))


def _json(rows: object) -> str:
    try:
        return json.dumps(rows, default=plain, allow_nan=False)
    except (TypeError, ValueError) as cause:
        raise StoreError(f"not to be stored as JSON: {cause}") from cause


def _score_rows(decision: Decision) -> bytes:
    """The rows of incoming_score in COPY's binary form: fixed width, so one array holds them all."""
    scores = decision.scores
    scopes = [scope.encode() for scope in scores.scopes]
    rows = np.zeros(len(scopes), dtype=_row_type(max(map(len, scopes), default=1)))
    for name in rows.dtype.names or ():
        if name.startswith("n_"):
            rows[name] = rows.dtype[name[2:]].itemsize
    rows["fields"] = 23
    rows["scope"] = np.char.ljust(np.array(scopes or [b""]), rows.dtype["scope"].itemsize)[: len(scopes)]
    rows["scored_at"] = _micros(decision.decided_at)
    rows["limits_version"] = decision.limits_version.encode()
    for name in ("level", "raw_level", "floors", "missing", "composite", "weighted", "counterfactual"):
        rows[name] = getattr(scores, name)
    for place, name in enumerate(("market", "liquidity", "leverage", "sentiment")):
        rows[name] = scores.dimensions[:, place]
    hundredths = np.rint(scores.component_scores * 100)
    _fill_array(rows["component_values"], scores.values, _FLOAT4_OID)
    _fill_array(rows["component_scores"], np.where(np.isnan(hundredths), -1, hundredths), _INT2_OID)
    _fill_array(rows["input_ages_s"], decision.decided_at.timestamp() - scores.input_at, _FLOAT4_OID)
    _fill_memory(rows, scores)
    return _COPY_HEAD + rows.tobytes() + _COPY_END


def _row_type(scope_bytes: int) -> np.dtype[Any]:
    """One row: number of fields, then each field behind its length."""
    real, small = ">f4", ">i2"
    columns: list[tuple[str, Any]] = [
        ("scope", f"S{scope_bytes}"), ("scored_at", ">i8"), ("level", small), ("raw_level", small),
        ("floors", small), ("missing", ">i4"), ("composite", real), ("weighted", real), ("market", real),
        ("liquidity", real), ("leverage", real), ("sentiment", real), ("counterfactual", real),
        ("limits_version", "S12"), ("component_values", _array_type(real)),
        ("component_scores", _array_type(small)), ("input_ages_s", _array_type(real)), ("has_memory", "?"),
        ("memory_level", small), ("pending_level", small), ("rise_count", small), ("fall_count", small),
        ("memory_scored_at", ">i8"),
    ]  # fmt: skip
    laid_out: list[tuple[str, Any]] = [("fields", ">i2")]
    for name, kind in columns:
        laid_out += [(f"n_{name}", ">i4"), (name, kind)]
    return np.dtype(laid_out)


def _array_type(element: str) -> np.dtype[Any]:
    """A PostgreSQL array of one dimension without nulls: header, then each element behind its length."""
    elements = np.dtype([("length", ">i4"), ("value", element)])
    header = [("dimensions", ">i4"), ("flags", ">i4"), ("type", ">u4"), ("count", ">i4"), ("lower", ">i4")]
    return np.dtype([*header, ("elements", elements, (len(COMPONENTS),))])


def _fill_array(field: NDArray[Any], values: NDArray[Any], type_oid: int) -> None:
    field["dimensions"], field["type"], field["count"], field["lower"] = 1, type_oid, values.shape[1], 1
    field["elements"]["length"] = field["elements"].dtype["value"].itemsize
    field["elements"]["value"] = values


def _fill_memory(rows: NDArray[Any], scores: Scores) -> None:
    nothing = Memory(level=-1, pending_level=-1, rise_count=0, fall_count=0, scored_at=EPOCH_2000)
    found = [scores.memory.get(scope, nothing) for scope in scores.scopes]
    rows["has_memory"] = [memory is not nothing for memory in found]
    rows["memory_level"] = [memory.level for memory in found]
    rows["pending_level"] = [memory.pending_level for memory in found]
    rows["rise_count"] = [min(memory.rise_count, 32_767) for memory in found]
    rows["fall_count"] = [min(memory.fall_count, 32_767) for memory in found]
    rows["memory_scored_at"] = [_micros(memory.scored_at) for memory in found]


def _micros(at: datetime) -> int:
    """PostgreSQL's own clock: microseconds since 2000."""
    since = at - EPOCH_2000
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
