"""One account at one instant, put together from what four answers tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from risk.adapters.wire import AccountConfig, AccountTotals, PositionRow, SymbolConfig
from risk.errors import UnsupportedAccountError
from risk.records import AccountSnapshot, DataIssue, PositionSnapshot

CREDIT_ASSET = "BNFCR"
SETTLED_IN = "USDT"
"""In single-asset mode the account's totals are those of this asset alone."""


def refuse_unsupported(totals: AccountTotals) -> None:
    """Stop where the exchange's margin rules are not ours.

    Raises:
        UnsupportedAccountError: the account trades on the exchange's credits.
    """
    for one in totals.assets:
        if one.asset == CREDIT_ASSET and one.wallet_balance != 0:
            raise UnsupportedAccountError(
                f"the account holds {one.wallet_balance} {CREDIT_ASSET}: the margin rules of credits trading "
                "mode are not supported, so no score of this account would be right"
            )


def is_isolated(row: PositionRow, config: SymbolConfig | None, account: AccountConfig) -> bool:
    """Whether the position stands on its own wallet: by configuration, else by the row itself."""
    if account.multi_assets_margin:
        return False
    if config is None:
        return looks_isolated(row)
    return config.margin_type.upper() == "ISOLATED"


def looks_isolated(row: PositionRow) -> bool:
    """Whether the row shows an isolated wallet: cross rows print zeros."""
    return row.isolated_wallet != 0 or row.isolated_margin != 0


def disagrees(
    rows: Iterable[PositionRow], configs: Mapping[str, SymbolConfig], account: AccountConfig
) -> bool:
    """Whether a row contradicts the configuration, which then is older than the position."""
    for row in rows:
        if row.symbol not in configs or is_isolated(row, configs[row.symbol], account) != looks_isolated(row):
            return True
        if (row.position_side != "BOTH") != account.dual_side_position:
            return True
    return False


def snapshot(
    totals: AccountTotals,
    rows: Sequence[PositionRow],
    configs: Mapping[str, SymbolConfig],
    mode: AccountConfig,
    *,
    account: str,
    event_at: datetime,
    received_at: datetime,
) -> tuple[AccountSnapshot, tuple[PositionSnapshot, ...]]:
    """Totals and open positions as records; `liquidation_price` is left for our own computation.

    Cross maintenance is the sum over cross positions, because the exchange's total mixes in isolated ones;
    in multi-assets mode there are none, and the total is USD like the balance it is held against.
    """
    positions = tuple(
        _position(row, configs.get(row.symbol), mode, account, event_at, received_at) for row in rows
    )
    return (
        AccountSnapshot(
            event_at=event_at,
            received_at=received_at,
            source="rest",
            account=account,
            is_multi_assets=mode.multi_assets_margin,
            is_hedge_mode=mode.dual_side_position,
            wallet_usdt=totals.total_wallet_balance,
            cross_wallet_usdt=totals.total_cross_wallet_balance,
            cross_unrealized_usdt=totals.total_cross_un_pnl,
            unrealized_usdt=totals.total_unrealized_profit,
            margin_balance_usdt=totals.total_margin_balance,
            maintenance_usdt=totals.total_maint_margin,
            cross_maintenance_usdt=_cross_maintenance(totals, rows, positions, mode),
            initial_usdt=totals.total_initial_margin,
            available_usdt=totals.available_balance,
        ),
        positions,
    )


def outside_totals(rows: Iterable[PositionRow], mode: AccountConfig, at: datetime) -> list[DataIssue]:
    """One line per position whose margin asset the account's totals do not contain."""
    return [
        DataIssue(
            at=at,
            source="positionRisk",
            symbol=row.symbol,
            field="marginAsset",
            value=row.margin_asset,
            problem=f"outside the account's cover: single-asset totals are {SETTLED_IN} only",
        )
        for row in rows
        if not mode.multi_assets_margin and row.margin_asset != SETTLED_IN
    ]


def _cross_maintenance(
    totals: AccountTotals,
    rows: Sequence[PositionRow],
    positions: Sequence[PositionSnapshot],
    mode: AccountConfig,
) -> Decimal:
    """Maintenance of the cross positions, in the money of the balance that it is held against."""
    if mode.multi_assets_margin:
        return totals.total_maint_margin  # USD, and all positions are cross
    return sum(
        (
            position.maintenance_usdt
            for row, position in zip(rows, positions, strict=True)
            if not position.is_isolated and row.margin_asset == SETTLED_IN
        ),
        Decimal(0),
    )


def _position(
    row: PositionRow,
    config: SymbolConfig | None,
    mode: AccountConfig,
    account: str,
    event_at: datetime,
    received_at: datetime,
) -> PositionSnapshot:
    return PositionSnapshot(
        event_at=event_at,
        received_at=received_at,
        source="rest",
        account=account,
        symbol=row.symbol,
        side=row.position_side,
        quantity=row.position_amt,
        entry_price=row.entry_price,
        break_even_price=row.break_even_price or None,
        mark_price=row.mark_price,
        notional_usdt=row.notional,
        unrealized_usdt=row.un_realized_profit,
        is_isolated=is_isolated(row, config, mode),
        isolated_wallet_usdt=row.isolated_wallet,
        leverage=config.leverage if config else None,
        initial_usdt=row.initial_margin,
        maintenance_usdt=row.maint_margin,
        adl_rank=row.adl,
        exchange_liquidation_price=row.liquidation_price or None,
        liquidation_price=None,
        liquidation_reason="",
    )
