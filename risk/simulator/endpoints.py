"""What an endpoint is: its handler, its weight, its pool and who may call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from risk.simulator.rejection import malformed, missing
from risk.simulator.world import World

Params = Mapping[str, str]
Handler = Callable[[World, Params], Any]
Security = Literal["none", "key", "signed"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the exchange's table of calls (BINANCE.md 2.1)."""

    handler: Handler
    weight: int | Callable[[Params], int] = 1
    pool: str = "fapi"
    security: Security = "none"

    def cost(self, params: Params) -> int:
        """Weight of a call with these parameters."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)


def required(params: Params, name: str) -> str:
    """A mandatory parameter.

    Raises:
        Rejection: -1102.
    """
    value = params.get(name, "")
    if not value:
        raise missing(name)
    return value


def integer(params: Params, name: str) -> int | None:
    """A whole number, None when not sent.

    Raises:
        Rejection: -1130.
    """
    value = params.get(name, "")
    if not value:
        return None
    try:
        return int(value)
    except ValueError as cause:
        raise malformed(name) from cause


def limit(params: Params, default: int, most: int) -> int:
    """Rows wanted: `default` when not sent, cut to `most`.

    Raises:
        Rejection: -1130 below 1 or not a number.
    """
    wanted = integer(params, "limit")
    if wanted is None:
        return default
    if wanted < 1:
        raise malformed("limit")
    return min(wanted, most)


def by_symbol(one: int, every: int) -> Callable[[Params], int]:
    """Weight `one` with a symbol, `every` without."""
    return lambda params: one if params.get("symbol") else every


def by_limit(steps: tuple[tuple[int, int], ...], default: int) -> Callable[[Params], int]:
    """Weight by the rows asked for: the first step (most rows, weight) that holds them."""

    def weigh(params: Params) -> int:
        wanted = integer(params, "limit") or default
        return next((weight for most, weight in steps if wanted <= most), steps[-1][1])

    return weigh
