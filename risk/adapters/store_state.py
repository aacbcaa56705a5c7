"""The newest of everything that scoring needs, read in one round trip."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from sqlalchemy import Connection

from risk.adapters.store_codec import decode
from risk.adapters.store_engine import driver, statement
from risk.records import (
    SLIPPAGE_LADDER_USDT,
    AccountSnapshot,
    Alert,
    Divergence,
    Instrument,
    LeverageBracket,
    OpenOrder,
    PositionSnapshot,
)
from risk.state import INPUT_COLUMNS, FlowTrouble, Memory, Silence, State, VanishedPosition
from risk.var_records import LatestVar

_FLOAT8_ARRAY_OID = 1022
_ARRAY_HEADER_BYTES, _DIMENSION_BYTES = 12, 8
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])
_RUNGS = len(SLIPPAGE_LADDER_USDT)
_WIDTH = len(INPUT_COLUMNS) + 2 * _RUNGS

_queries: dict[str, bytes] = {}

Floats = NDArray[np.float64]
Found = dict[str, list[tuple[str, Floats, str]]]


def latest_state(
    db: Connection, symbols: Sequence[str], *, account: str, watches_account: bool, now: datetime
) -> State:
    """What is known of these symbols and this account. Missing numbers are NaN, missing rows are absent.

    `instruments` are those of held symbols, and of watched ones that do not trade normally.

    Raises:
        StoreError: the database does not answer.
    """
    found = _read(db, list(symbols), account, now)
    numbers = np.full((len(symbols), _WIDTH), np.nan)
    for _, values, _ in found["symbols"]:
        numbers[:] = values if symbols else numbers
    width = len(INPUT_COLUMNS)
    columns = np.ascontiguousarray(numbers[:, :width].T)
    accounts = [decode(AccountSnapshot, body) for _, _, body in found.get("account", ())]
    return State(
        symbols=tuple(symbols),
        columns=dict(zip(INPUT_COLUMNS, columns, strict=True)),
        sell_slippage=numbers[:, width : width + _RUNGS],
        buy_slippage=numbers[:, width + _RUNGS :],
        account=accounts[0] if accounts else None,
        positions=tuple(decode(PositionSnapshot, body) for _, _, body in found.get("position", ())),
        watches_account=watches_account,
        brackets=_ladders(found.get("bracket", [])),
        previous_brackets=_ladders(found.get("previous_bracket", [])),
        memory=_memory(found),
        alerts={(a.name, a.scope): a for a in (_alert(body) for _, _, body in found.get("alert", ()))},
        divergences=tuple(decode(Divergence, body) for _, _, body in found.get("divergence", ())),
        instruments={symbol: _instrument(body) for symbol, _, body in found.get("instrument", ())},
        facts=_facts(found, accounts),
        vanished=tuple(_vanished(body) for _, _, body in found.get("position_gone", ())),
        troubles=tuple(decode(FlowTrouble, body) for _, _, body in found.get("trouble", ())),
        silences=tuple(decode(Silence, body) for _, _, body in found.get("silence", ())),
        value_at_risk=tuple(_value_at_risk(body) for _, _, body in found.get("value_at_risk", ())),
        orders=tuple(_order(body) for _, _, body in found.get("order", ())),
    )


class _Floats(Loader):
    """double precision[] without nulls, from the wire into an array without a Python object per number."""

    format = Format.BINARY

    def load(self, data: Buffer) -> Floats:
        raw = bytes(data)
        dimensions = int.from_bytes(raw[:4], "big")
        header = _ARRAY_HEADER_BYTES + _DIMENSION_BYTES * dimensions
        shape = np.frombuffer(raw, ">i4", 2 * dimensions, _ARRAY_HEADER_BYTES)[::2]
        return np.frombuffer(raw, _ELEMENT, offset=header)["value"].astype(np.float64).reshape(shape)


def _read(db: Connection, symbols: list[str], account: str, now: datetime) -> Found:
    found: Found = {}
    parameters = {"symbols": symbols, "account": account, "now": now, "rungs": _RUNGS}
    with driver(db).cursor(binary=True) as cursor:
        cursor.adapters.register_loader(_FLOAT8_ARRAY_OID, _Floats)
        cursor.execute(_query(db), parameters, prepare=True)
        for kind, key, numbers, body in cursor.fetchall():
            found.setdefault(kind, []).append((key, numbers, body))
    return found


def _query(db: Connection) -> bytes:
    """The statement with its parameters written as psycopg wants them."""
    if "latest_state" not in _queries:
        _queries["latest_state"] = str(statement("latest_state").compile(db)).encode()
    return _queries["latest_state"]


def _ladders(found: list[tuple[str, Floats, str]]) -> Mapping[str, tuple[LeverageBracket, ...]]:
    ladders: dict[str, list[LeverageBracket]] = {}
    for symbol, _, body in found:
        ladders.setdefault(symbol, []).append(decode(LeverageBracket, body))
    return {symbol: tuple(sorted(tiers, key=lambda t: t.tier)) for symbol, tiers in ladders.items()}


def _memory(found: Found) -> dict[str, Memory]:
    return {
        scope: Memory(
            level=int(level),
            pending_level=int(pending),
            rise_count=int(rises),
            fall_count=int(falls),
            scored_at=datetime.fromtimestamp(scored_at, UTC),
        )
        for scopes, values, _ in found.get("memory", ())
        if scopes
        for scope, (level, pending, rises, falls, scored_at) in zip(
            scopes.split(","), values.tolist(), strict=True
        )
    }


@lru_cache(maxsize=4096)
def _alert(body: str) -> Alert:
    """Most alerts stand unchanged from one evaluation to the next."""
    return decode(Alert, body)


@lru_cache(maxsize=4096)
def _instrument(body: str) -> Instrument:
    """Trading rules change once a day or less, the text of a row tells whether they did."""
    return decode(Instrument, body)


@lru_cache(maxsize=4096)
def _value_at_risk(body: str) -> LatestVar:
    """A row changes once a bar."""
    return decode(LatestVar, body)


@lru_cache(maxsize=4096)
def _order(body: str) -> OpenOrder:
    """An order is read anew every minute."""
    return decode(OpenOrder, body)


def _vanished(body: str) -> VanishedPosition:
    row = json.loads(body, parse_float=Decimal)
    last = row["last_seen"]
    quantity = Decimal(last["quantity"])
    return VanishedPosition(
        symbol=row["symbol"],
        side="LONG" if quantity > 0 else "SHORT",
        quantity=quantity,
        notional_usdt=Decimal(last["notional_usdt"]),
        vanished_at=datetime.fromisoformat(row["vanished_at"]),
        cause=row["classification"] or "unknown",
    )


def _facts(found: Found, accounts: list[AccountSnapshot]) -> dict[str, float]:
    """Named numbers; a fact NAME brings NAME_at, the part that beat last as PART_beat_at."""
    facts: dict[str, float] = {}
    for name, (value, updated_at), _ in _pairs(found, "fact"):
        facts[name] = value
        if not name.endswith("_at"):
            facts[f"{name}_at"] = updated_at
    for part, (at,), _ in _pairs(found, "beat"):
        facts[f"{part}_beat_at"] = at
    for beat, name in (("exchange", "exchange_answered_at"), ("income", "income_at")):
        if f"{beat}_beat_at" in facts:
            facts[name] = facts[f"{beat}_beat_at"]
    for name, (at,), _ in _pairs(found, "last_score"):
        facts[name] = at
    for _, (at, messages, missed), _ in _pairs(found, "outbox"):
        facts["last_message_at"], facts["messages_24h"], facts["missed_alerts"] = at, messages, missed
    for scope, (at,), _ in _pairs(found, "fit_failed"):
        facts[f"fit_failed/{scope}"] = at
    for _, (peak, at), _ in _pairs(found, "equity_peak"):
        facts["equity_peak_7d"], facts["equity_peak_7d_at"] = peak, at
    for snapshot in accounts:
        facts["equity_now"] = float(snapshot.margin_balance_usdt)
        facts["equity_now_at"] = snapshot.event_at.timestamp()
    return facts


def _pairs(found: Found, kind: str) -> list[tuple[str, list[float], Any]]:
    return [(key, values.tolist(), body) for key, values, body in found.get(kind, ())]
