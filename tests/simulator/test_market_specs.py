"""Contracts of the simulated exchange against the exchange's own tables."""

from __future__ import annotations

import csv
import gzip
from itertools import pairwise
from pathlib import Path

import pytest

from risk.simulator.spec import BUILT_IN, spec_of


@pytest.mark.parametrize("symbol", BUILT_IN)
def test_brackets_are_the_exchanges_own(shared: Path, symbol: str) -> None:
    with gzip.open(shared / "data" / "um_leverage_brackets_20241017.csv.gz", "rt") as lines:
        rows = [row for row in csv.DictReader(lines) if row["symbol"] == symbol]
    assert list(spec_of(symbol).brackets) == [
        (
            float(row["min_notional"]),
            float(row["max_notional"]),
            float(row["maint_margin_rate"]),
            float(row["cum"]),
            int(float(row["max_leverage"])),
        )
        for row in rows
    ]


@pytest.mark.parametrize("symbol", [*BUILT_IN, "NEWCOINUSDT"])
def test_maintenance_has_no_step_at_a_brackets_edge(symbol: str) -> None:
    # maintenance = notional * rate - cum must agree from both sides of each floor
    brackets = spec_of(symbol).brackets
    for (_, cap, rate, cum, _), (floor, _, next_rate, next_cum, _) in pairwise(brackets):
        assert floor == cap
        assert floor * rate - cum == pytest.approx(floor * next_rate - next_cum, rel=1e-12)


@pytest.mark.parametrize("name", ["BTCUSD", "btcusdt", "USDT", "BTC-USDT", ""])
def test_a_name_that_is_no_contract_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="USDT contract"):
        spec_of(name)
