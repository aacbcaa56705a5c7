"""Payloads broken at random: only PayloadError may come out, and no impossible number may get in."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from risk.errors import PayloadError
from tests.adapters.test_wire import CLAIMED

MUTATIONS = 2_000

MAY_BE_NEGATIVE = {
    # rates and changes
    "price_change", "funding_rate", "rate_cap", "rate_floor", "rate", "rate_8h",
    # shorts, losses, balances below zero, ledger lines that are paid
    "quantity", "position_amt", "notional", "un_realized_profit", "isolated_margin", "isolated_wallet",
    "break_even_price", "amount", "total_wallet_balance", "total_unrealized_profit",
    "total_margin_balance", "total_cross_wallet_balance", "total_cross_un_pnl", "available_balance",
    "wallet_balance",
    # ids of the exchange and codes
    "result", "request_id", "order_id", "market", "previous_update_id", "transacted_at_ms", "sent_at_ms",
}  # fmt: skip

POISON: list[Any] = [
    "NaN", "sNaN", "-Infinity", "Infinity", "1e400", "-1e400", "1e-400", "", "-1", "0", "x", "测试", None,
    True, -1, 0, 1e300, 10**40, -(10**40), 0.5, [], {}, [[]], [None], {"a": {}}, "9" * 400,
    4_200_000_000_001, "\u0000",
]  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


def _mutate(value: Any, path: tuple[Any, ...], how: str, poison: Any) -> Any:
    if not path:
        return poison
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) > 1:
        copy[path[0]] = _mutate(value[path[0]], path[1:], how, poison)
    elif how == "delete":
        del copy[path[0]]
    elif how == "rename" and isinstance(copy, dict):
        copy[f"{path[0]}_"] = copy.pop(path[0])
    else:
        copy[path[0]] = poison
    return copy


def _numbers(value: Any, field: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, bool | str | bytes) or value is None:
        return
    if isinstance(value, int | float | Decimal):
        yield field, value
    elif is_dataclass(value):
        for one in fields(value):
            yield from _numbers(getattr(value, one.name), one.name)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _numbers(getattr(value, name), name)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _numbers(inner, field)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _numbers(inner, field)


def _assert_possible(parsed: Any) -> None:
    for field, value in _numbers(parsed):
        assert math.isfinite(value), field
        assert abs(value) <= Decimal(10) ** 20 or field.endswith("_id"), field
        assert value >= 0 or field in MAY_BE_NEGATIVE, field


def _broken(body: bytes, chance: random.Random) -> bytes:
    value = json.loads(body)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(list(_places(value)))
        how = chance.choice(["replace", "replace", "delete", "rename"])
        value = _mutate(value, path, how, chance.choice(POISON))
    result = json.dumps(value).encode()
    if chance.random() < 0.1:
        result = result[: chance.randint(0, len(result))]
    if chance.random() < 0.05:
        result = result.replace(b'"', chance.choice([b"'", b"\xff", b"\x00", b""]), 1)
    return result


@settings(max_examples=MUTATIONS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(stem=st.sampled_from(sorted(CLAIMED)), seed=st.integers(0, 2**32))
@example(stem="fapi_v1_openOrders", seed=616301)  # a trigger price that is no number
def test_mutated_payload_parses_to_possible_numbers_or_is_a_payload_error(
    shared: Path, stem: str, seed: int
) -> None:
    assert judge(shared, stem, seed) in ("read", "refused")


@pytest.mark.faults
def test_a_hundred_thousand_broken_payloads_leave_no_impossible_number(shared: Path) -> None:
    stems = sorted(CLAIMED)
    outcomes = Counter(judge(shared, stems[seed % len(stems)], seed) for seed in range(100_000))
    assert outcomes.total() == 100_000
    assert min(outcomes["refused"], outcomes["read"]) > 10_000  # both ways are walked


def judge(shared: Path, stem: str, seed: int) -> str:
    """Break one payload and read it: "refused" by a PayloadError, or "read" without an impossible number."""
    body = (shared / "payloads" / f"{stem}.json").read_bytes()
    try:
        parsed = CLAIMED[stem](_broken(body, random.Random(seed)))
    except PayloadError as error:
        assert error.source
        return "refused"
    _assert_possible(parsed)
    return "read"
