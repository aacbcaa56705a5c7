"""The page's door to the database: transactions that can only read, and rows as plain values."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection

from risk.adapters import store
from risk.adapters.store_engine import rows, run
from risk.explanation import Explanation, explain
from risk.state import DIMENSIONS

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_turn = threading.BoundedSemaphore(3)  # connections at once: the reader has few, and others read too
_bodies: dict[str, Mapping[str, Any]] = {}  # a version is the hash of its body, so it never changes


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """A connection whose transaction refuses to write, in the reader's role where there is one.

    Raises:
        StoreError: the database does not answer or refused a statement.
    """
    with _turn, store.connect(url) as db:
        run(db, "web_read_only")
        yield db


def as_json(answer: object) -> bytes:
    """An answer as JSON; NaN and infinity become null, for JSON knows neither."""
    return _ENCODER.encode(answer)


def limits_body(db: Connection, version: str) -> Mapping[str, Any] | None:
    """Weights, curves and thresholds of a version of the limits; None where it is not stored."""
    if version not in _bodies:
        found = rows(db, "web_limits", version=version)
        if not found:
            return None
        _bodies[version] = found[0]["body"]
    return _bodies[version]


def explained(row: Mapping[str, Any], body: Mapping[str, Any]) -> Explanation:
    """A stored score taken apart by the limits it was judged by."""
    return explain(
        {
            "values": row["component_values"],
            "component_scores": [None if s is None else s / 100 for s in row["component_scores"]],
            "dimensions": [row[name] for name in DIMENSIONS],
            "floors": row["floors"],
            "missing": row["missing"],
        },
        body,
    )
