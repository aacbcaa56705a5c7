"""Numbers as the exchange prints them: strings, cut off and never rounded up, without exponents."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from functools import lru_cache

EIGHT = Decimal("0.00000001")
ZERO = Decimal(0)


def exact(value: Decimal | float | int | str) -> Decimal:
    """The decimal that a person would read in `value`: 0.1 is 0.1, not 0.1000000000000000055."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def cut(value: Decimal | float, unit: Decimal = EIGHT) -> Decimal:
    """`value` cut off towards zero at `unit`, as the exchange does with money and marks."""
    return exact(value).quantize(unit, rounding=ROUND_DOWN)


def eight(value: Decimal | float) -> str:
    """Eight decimals, cut off.

    >>> eight(Decimal("-1.239999999"))
    '-1.23999999'
    """
    return f"{cut(value):f}"


def amount(value: Decimal | float) -> str:
    """Eight decimals, or a bare "0" where there is nothing."""
    shortened = cut(value)
    return f"{shortened:f}" if shortened else "0"


@lru_cache(maxsize=4096)
def decimals(step: Decimal | float) -> int:
    """Digits behind the point of a tick or step."""
    exponent = exact(step).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def fraction(value: Decimal | float, digits: int) -> str:
    """`value` cut off at `digits` decimals."""
    return f"{cut(value, Decimal(1).scaleb(-digits)):f}"
