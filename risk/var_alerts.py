"""Alerts about value at risk: the last bar lost more than it said, and another method is in use.

They speak of the book and of what is held; where no account is watched, of every watched symbol.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from risk.state import ACCOUNT_SCOPE
from risk.var_records import LatestVar
from risk.view import INFO, Reading, View, position_scope, reading

FIRST_METHOD = "gjr_garch_t"


def readings(view: View) -> list[Reading]:
    """The rules over the newest value at risk of each scope."""
    return [_breach(view), _method(view)]


def _breach(view: View) -> Reading:
    """The newest closed bar lost more than its VaR at 99 %; over with the next bar, which is another."""
    found = [row for row in _spoken(view) if row.is_breached]
    n = len(found)
    return reading(
        "var_breach",
        [_scope(row) for row in found],
        np.array([row.closed_loss for row in found], dtype=np.float64),
        np.ones(n, dtype=bool),
        np.zeros(n, dtype=bool),
        threshold=np.array([row.closed_var_99 for row in found], dtype=np.float64),
        reminds=False,
        identity="closed_at",
        details=lambda i: _loss(found[i]),
    )


def _method(view: View) -> Reading:
    """A method other than the first of the chain is in use; over when the first is back."""
    found = [row for row in _spoken(view) if row.method != FIRST_METHOD]
    n = len(found)
    return reading(
        "var_method",
        [_scope(row) for row in found],
        np.full(n, np.nan),
        np.ones(n, dtype=bool),
        np.zeros(n, dtype=bool),
        severity=INFO,
        reminds=False,
        identity="method",
        details=lambda i: {
            "method": found[i].method,
            "method_since": found[i].method_since.isoformat(),
            "reason": found[i].reason,
        },
    )


def _spoken(view: View) -> list[LatestVar]:
    if not view.state.watches_account:
        scopes = set(view.state.symbols)
    else:
        held = {position_scope(position).removesuffix("/LONG") for position in view.state.positions}
        scopes = {ACCOUNT_SCOPE, *held}
    return [row for row in view.state.value_at_risk if row.scope in scopes]


def _scope(row: LatestVar) -> str:
    return f"{row.scope}/{row.interval}"


def _loss(row: LatestVar) -> dict[str, Any]:
    gross, loss = row.closed_gross_usdt, row.closed_loss
    return {
        "closed_at": row.closed_at.isoformat() if row.closed_at else None,
        "method": row.closed_method,
        "loss": loss,
        "var_99": row.closed_var_99,
        "loss_usdt": gross * loss if gross is not None and loss is not None else None,
    }
