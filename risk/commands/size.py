"""How much may be opened now."""

from __future__ import annotations

from typing import Literal

from risk.commands import terminal
from risk.commands.arguments import Positive


def size(
    symbol: str,
    *,
    side: Literal["long", "short"],
    entry: Positive | None = None,
    stop: Positive | None = None,
    leverage: Positive | None = None,
    equity: Positive | None = None,
) -> int:
    """Say how much of a symbol may be opened now, where to stop and to take profit, and what bound it.

    It reads the newest state of a desk that runs. Exit status: 0 a size (0 too, with its reason) · 1
    something is missing or too old · 2 refused.

    Args:
        symbol: a watched contract, e.g. BTCUSDT.
        side: long or short.
        entry: USDT per coin; the mark by default.
        stop: USDT per coin; the volatility stop by default.
        leverage: of the position; the symbol's own by default, or 20.
        equity: USDT; the account's by default.
    """
    from risk.advice import Wish
    from risk.runtime.size import answer

    wish = Wish(
        symbol=symbol.upper(), side=side.upper(), entry=entry, stop=stop, leverage=leverage, equity=equity
    )
    found = answer(terminal.settings(), wish)
    terminal.console().print(found.table)
    terminal.say(found.reason)
    return found.code
