"""One account out of four answers: which money the cover is in."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest

from risk import exposure
from risk.adapters.rest_account import snapshot
from risk.adapters.wire import AccountConfig, AccountTotals, PositionRow

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
# 1 BTC at 64,000, maintenance 270 USDT; the exchange takes a USDT for 0.9991 USD: 269.757 USD
TOTALS = AccountTotals(
    total_initial_margin=D(3200), total_maint_margin=D("269.757"), total_wallet_balance=D(5000),
    total_unrealized_profit=D(0), total_margin_balance=D(5000), total_cross_wallet_balance=D(5000),
    total_cross_un_pnl=D(0), available_balance=D(1800),
)  # fmt: skip
ROW = PositionRow(
    symbol="BTCUSDT", position_side="BOTH", position_amt=D(1), entry_price=D(64_000), mark_price=D(64_000),
    un_realized_profit=D(0), liquidation_price=D(0), isolated_margin=D(0), notional=D(64_000),
    isolated_wallet=D(0), initial_margin=D(3200), maint_margin=D(270),
)  # fmt: skip


@pytest.mark.parametrize(("is_multi", "asked"), [(False, D(270)), (True, D("269.757"))])
def test_cover_is_in_one_money_in_both_collateral_modes(is_multi: bool, asked: D) -> None:
    mode = AccountConfig(dual_side_position=False, multi_assets_margin=is_multi)
    account, (position,) = snapshot(TOTALS, [ROW], {}, mode, account="default", event_at=NOW, received_at=NOW)
    assert account.cross_maintenance_usdt == asked
    # BINANCE.md 5.3: multi-assets mode is totalMaintMargin / totalMarginBalance, in USD
    assert exposure.cover(account, position) == pytest.approx(float(D(5000) / asked), rel=1e-12)
