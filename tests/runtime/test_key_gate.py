"""A key that could move money or trade: `risk up` ends with 2 before anything is started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from risk import cli
from risk.adapters import settings
from risk.runtime.key_gate import refuse_a_key_that_can_act
from tests.conftest_flows import point_at
from tests.conftest_simulator import RunningSimulator, launch

RIGHTS = "/sapi/v1/account/apiRestrictions"


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningSimulator]:
    """A simulator of this module's own, whose answers are changed."""
    running = launch("--request-limit", "1000000")
    yield running
    running.stop()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, exchange: RunningSimulator) -> Iterator[list[str]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    point_at(monkeypatch, "", exchange)
    monkeypatch.delenv("RISK_DATABASE_URL")
    exchange.control("fault", method="DELETE")
    yield []
    settings.load.cache_clear()


def grant(exchange: RunningSimulator, right: str, value: object = True) -> None:
    exchange.control(
        "fault", {"kind": "malformed", "path": RIGHTS, "how": "value", "field": right, "value": value}
    )


# apiRestrictions as documented: whatever moves money, and trading on spot, margin or portfolio margin.
@pytest.mark.parametrize(
    "right",
    [
        "enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer", "enableMargin",
        "enableSpotAndMarginTrading", "enablePortfolioMarginTrading", "enableVanillaOptions",
        "enableFixApiTrade", "enableFutures",
    ],
)  # fmt: skip
def test_a_desk_does_not_start_with_a_key_that_can_act(
    exchange: RunningSimulator,
    said: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    right: str,
) -> None:
    grant(exchange, right)
    assert cli.main(["up"]) == 2
    refusal = capsys.readouterr().err
    assert refusal.startswith("refused: api_key: the exchange says that it may ")
    assert "reading alone" in refusal
    assert not (tmp_path / "data").exists()


def test_a_key_that_only_reads_passes_in_silence(exchange: RunningSimulator, said: list[str]) -> None:
    refuse_a_key_that_can_act(settings.load(), said.append)
    assert said == []


def test_rights_that_cannot_be_asked_for_are_told_as_unknown(
    exchange: RunningSimulator, said: list[str]
) -> None:
    exchange.control("fault", {"kind": "malformed", "path": RIGHTS, "how": "truncated"})
    refuse_a_key_that_can_act(settings.load(), said.append)
    assert len(said) == 1
    assert "not known yet" in said[0]


def test_an_invalid_key_is_told_and_the_market_is_watched_all_the_same(
    exchange: RunningSimulator, said: list[str]
) -> None:
    exchange.control("fault", {"kind": "key", "code": -2015})
    refuse_a_key_that_can_act(settings.load(), said.append)
    assert len(said) == 1
    assert "-2015" in said[0]
