"""Alerts about value at risk: whom they speak of, when they end, what a person reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from risk import wording
from risk.var_records import LatestVar
from tests.risk.builders import NOW, Desk, position, value_at_risk


def told(desk: Desk) -> list[tuple[str, str, str]]:
    return [(name, scope, kind) for name, scope, _, kind in desk.told() if name.startswith("var_")]


def breached(scope: str) -> LatestVar:
    return value_at_risk(scope, loss=0.031, var_99=0.03)


def test_only_the_book_and_what_is_held_speak() -> None:
    desk = Desk()
    rows = [breached(scope) for scope in ("account", "BTCUSDT", "BTCUSDT/SHORT", "ETHUSDT")]
    desk.see(value_at_risk=rows, positions=[position(quantity=-1, liquidation=None)])
    assert told(desk) == [
        ("var_breach", "BTCUSDT/SHORT/1h", "fired"), ("var_breach", "account/1h", "fired"),
    ]  # fmt: skip


def test_without_an_account_every_watched_symbol_speaks() -> None:
    desk = Desk()
    desk.see(value_at_risk=[breached("BTCUSDT"), breached("DOGEUSDT")], watches_account=False)
    assert told(desk) == [("var_breach", "BTCUSDT/1h", "fired")]


def test_the_next_bar_ends_it_and_a_further_loss_is_another_alert() -> None:
    desk = Desk()
    desk.see(value_at_risk=[breached("account")])
    again = value_at_risk("account", loss=0.05, var_99=0.03, closed_at=NOW + timedelta(hours=1))
    desk.see(after_s=3600, value_at_risk=[again])
    desk.see(after_s=3600)
    assert told(desk) == [
        ("var_breach", "account/1h", "fired"), ("var_breach", "account/1h", "fired"),
        ("var_breach", "account/1h", "resolved"),
    ]  # fmt: skip


def test_a_change_of_the_method_is_told_and_so_is_its_return() -> None:
    desk = Desk()
    for method in ("filtered_historical", "ewma"):
        desk.see(after_s=3600, value_at_risk=[value_at_risk("account", method=method)])
    desk.see(after_s=3600)
    assert told(desk) == [
        ("var_method", "account/1h", "fired"), ("var_method", "account/1h", "fired"),
        ("var_method", "account/1h", "resolved"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "lost 3.10 %; one in a hundred was to lose more than 3.00 %."),
        ("zh", "亏损 3.10 %；本应百根中仅一根亏损超过 3.00 %。"),
    ],
)
def test_the_message_names_loss_and_value_at_risk(language: str, said: str) -> None:
    desk = Desk()
    decision = desk.see(value_at_risk=[breached("account")])
    assert said in wording.message(decision.messages[0].items, language).body


def test_the_message_names_the_method_and_the_test_that_refuted_the_other() -> None:
    desk = Desk()
    decision = desk.see(
        value_at_risk=[value_at_risk("account", method="ewma", reason="gjr_garch_t: Kupiec p = 0.0001")]
    )
    body = wording.message(decision.messages[0].items, "en").body
    assert "EWMA (RiskMetrics)" in body
    assert "gjr_garch_t: Kupiec p = 0.0001." in body
