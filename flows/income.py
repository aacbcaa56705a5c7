"""Every 15 min, and when the wallet jumps: the account's ledger since its newest stored line."""

from __future__ import annotations

from prefect import flow

from flows import steps
from risk.adapters import settings


@flow
def income() -> None:
    """Store funding paid, transfers, realised profit and fees; does nothing without an API key."""
    if settings.load().watches_account:
        steps.read_ledger()
