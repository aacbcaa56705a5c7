"""Every 5 s: balances and positions, with a liquidation price of our own beside the exchange's."""

from __future__ import annotations

from prefect import flow

from flows import steps
from risk.adapters import settings


@flow
def account() -> None:
    """Store the account's newest state; does nothing without an API key."""
    if settings.load().watches_account:
        steps.read_account()
