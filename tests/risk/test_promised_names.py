"""Names and argument order that notebooks build on: DOMAIN.md, section 9."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import pytest

PROMISED = [
    ("volatility", "true_range", "high low close"),
    ("volatility", "atr", "high low close period=14"),
    ("volatility", "composite", "atr_ratios horizon='mixed'"),
    ("volatility", "realised", "close bars=96"),
    ("volatility", "ewma_sigma", "returns decay"),
    ("volatility", "fit_garch", "returns"),
    ("volatility", "filter_sigma", "fit returns"),
    ("technical", "rsi", "close period=14"),
    ("technical", "macd", "close fast=12 slow=26 signal=9"),
    ("technical", "divergences", "high low indicator"),
    ("book", "OrderBook", "symbol venue='usdm'"),
    ("book", "OrderBook.load_snapshot", "self payload"),
    ("book", "OrderBook.apply", "self diff"),
    ("book", "OrderBook.depth", "self side fraction"),
    ("book", "OrderBook.top", "self side levels"),
    ("liquidity", "spread", "bid ask"),
    ("liquidity", "walk", "levels quantity"),
    ("liquidity", "Fill", "vwap filled unfilled worst"),
    ("liquidity", "slippage", "levels quantity mid sigma daily_volume"),
    ("liquidity", "kline_proxy", "high low close volume"),
    ("margin", "Bracket", "floor cap rate cum max_leverage"),
    ("margin", "Position",
     "symbol quantity entry_price mark_price brackets side='BOTH' isolated_wallet=None"),
    ("margin", "Account", "wallet positions"),
    ("margin", "maintenance", "notional brackets"),
    ("margin", "liquidation_price", "account symbol side='BOTH'"),
    ("margin", "margin_ratio", "account"),
    ("margin", "shock_to_liquidation", "account betas direction"),
    ("margin", "shock_grid", "account shocks betas"),
    ("margin", "quick_liquidation_price", "entry leverage side rate=0.004"),
    ("sentiment", "funding_8h", "rate interval_hours"),
    ("sentiment", "crowding", "funding_8h oi_change_3d"),
    ("sentiment", "venue_gap", "rates"),
    ("scorecard", "Curve", "points"),
    ("scorecard", "score", "inputs limits now"),
    ("decision", "decide", "state limits now"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name", "arguments"), PROMISED, ids=[f"{m}.{n}" for m, n, _ in PROMISED])
def test_a_promised_name_takes_its_arguments_in_the_promised_order(
    module: str, name: str, arguments: str
) -> None:
    found: Any = import_module(f"risk.{module}")
    for part in name.split("."):
        found = getattr(found, part)
    given = [
        p.name if p.default is p.empty else f"{p.name}={p.default!r}"
        for p in inspect.signature(found).parameters.values()
        if p.kind is not p.KEYWORD_ONLY or name == "Fill"
    ]
    wanted = arguments.split()
    for own, promised in zip(given, wanted, strict=False):
        assert promised in (own, own.partition("=")[0])  # a default that was not promised does no harm
    assert len(given) >= len(wanted)
    assert all("=" in more for more in given[len(wanted) :])


@pytest.mark.parametrize(
    ("module", "name", "fields"),
    [
        ("scorecard", "Card", "dimensions weighted floors composite level degraded reasons"),
        ("sizing", "Size", "quantity notional bound_by reasons"),
    ],
)
def test_a_promised_answer_has_its_fields(module: str, name: str, fields: str) -> None:
    answer = getattr(import_module(f"risk.{module}"), name)
    assert set(fields.split()) <= set(inspect.signature(answer).parameters)
    assert all(
        callable(getattr(import_module("risk.sizing"), function)) for function in ("position_size", "stops")
    )
