"""Alerts about value at risk: whom they speak of, when they end, what a person reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from risk import var_reasons, wording
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


REASON = (
    "gjr_garch_t=kupiec:0.0001:12:300;filtered_historical=independence:0.0000:10:1000;"
    "ewma=coverage:0.0412:9:250;historical=kept"
)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "GJR-GARCH with t errors: refuted by its number of exceptions (Kupiec p = 0.0001, 12 in 300"
            " bars); filtered historical simulation: refuted because its exceptions come in runs"
            " (independence p < 0.0001, 10 in 1000 bars); EWMA (RiskMetrics): refuted by number and runs of"
            " its exceptions together (coverage p = 0.0412, 9 in 250 bars); all have failed, historical"
            " simulation is kept.",
        ),
        (
            "zh",
            "GJR-GARCH（t 误差）：因超限次数被否定（Kupiec p = 0.0001，300 根 K 线中 12 次）；"
            "滤波历史模拟法：因超限接连出现被否定（独立性检验 p < 0.0001，1000 根 K 线中 10 次）；"
            "指数加权（RiskMetrics）：因超限的次数与接连程度合起来被否定"
            "（条件覆盖检验 p = 0.0412，250 根 K 线中 9 次）；"
            "所有方法均被否定，仍使用历史模拟法。",
        ),
    ],
)
def test_the_message_names_the_methods_and_the_tests_that_refuted_them(language: str, said: str) -> None:
    desk = Desk()
    decision = desk.see(value_at_risk=[value_at_risk("account", method="historical", reason=REASON)])
    assert said in wording.message(decision.messages[0].items, language).body


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            "gjr_garch_t=no_forecast;filtered_historical=not_judged:40:100",
            "没有预测；滤波历史模拟法：尚未评判",
        ),
        ("gjr_garch_t: Kupiec p = 0.0001", "gjr_garch_t: Kupiec p = 0.0001。"),  # of an older program
    ],
)
def test_every_reason_has_its_words(reason: str, said: str) -> None:
    desk = Desk()
    decision = desk.see(value_at_risk=[value_at_risk("account", method="ewma", reason=reason)])
    assert said in wording.message(decision.messages[0].items, "zh").body


def test_a_reason_comes_apart_as_it_was_put_together() -> None:
    found = var_reasons.parsed(REASON)
    assert found is not None
    assert var_reasons.joined((one.method, ":".join((one.code, *one.figures))) for one in found) == REASON
    assert (found[0].code, found[0].figures) == ("kupiec", ("0.0001", "12", "300"))
    assert var_reasons.parsed("") == []
    assert var_reasons.parsed("ewma=whim") is None
