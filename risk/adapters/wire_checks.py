"""What every payload goes through: decoding into typed rows, and the checks that no number escapes.

A payload that cannot be read raises PayloadError. In a list, a bad row is reported as a DataIssue and
the good rows stay; only when no row is good does the whole list raise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar, cast

import msgspec

from risk.errors import PayloadError
from risk.records import DataIssue

S = TypeVar("S")
R = TypeVar("R")

LARGEST = Decimal(10) ** 20
"""No price, quantity or balance of any market reaches this; beyond it a number is garbage."""
SMALLEST = Decimal(10) ** -18
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""An identifier of the exchange: it fits a bigint."""
LATEST_MS = 4_200_000_000_000
"""The year 2103. The exchange's own "never" is 4133404800000."""

_PLACE = re.compile(r"at `\$(.*)`$")
_MISSING = re.compile(r"missing required field `([^`]*)`")
_STEP = re.compile(r"\[(\d+|\.\.\.)\]|\.?([^.\[\]]+)")
_UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[R]):
    """The good rows of a payload, and what was refused of the others."""

    rows: tuple[R, ...]
    issues: tuple[DataIssue, ...]


def decode(source: str, body: bytes, kind: type[S]) -> S:
    """The payload as one typed object. Numbers may come as strings, strings never as numbers.

    Raises:
        PayloadError: not JSON, or not of this shape; names the field and what stood there.
    """
    try:
        decoded: S = _decoder(cast(Hashable, kind)).decode(body)
    except _UNREADABLE as cause:
        raise _payload_error(source, body, cause) from cause
    return decoded


def rows(
    source: str, body: bytes, kind: type[S], build: Callable[[S], R | None], received_at: datetime
) -> Parsed[R]:
    """Records built from every readable row. A single object counts as a list of one.

    Args:
        build: record of one row; None for a row that is not ours; PayloadError for an impossible one.

    Raises:
        PayloadError: the whole is unreadable, or every row is.
    """
    good: list[R] = []
    issues: list[DataIssue] = []
    first: PayloadError | None = None
    total = 0
    for raw in _elements(source, body, kind):
        total += 1
        row: S | None = None
        try:
            row = decode(source, bytes(raw), kind) if isinstance(raw, msgspec.Raw) else raw
            record = build(row)
        except PayloadError as error:
            first = first or error
            issues.append(issue(error, received_at, symbol=_symbol(row, raw)))
            continue
        if record is not None:
            good.append(record)
    if first is not None and len(issues) == total:
        raise first
    return Parsed(tuple(good), tuple(issues))


def issue(error: PayloadError, at: datetime, *, symbol: str = "") -> DataIssue:
    """The line of the data-quality ledger for a refused value."""
    return DataIssue(
        at=at, source=error.source, symbol=symbol, field=error.field, value=error.value, problem=error.problem
    )


def moment(source: str, field: str, epoch_ms: int) -> datetime:
    """The exchange's epoch in milliseconds as aware UTC."""
    if not 0 <= epoch_ms <= LATEST_MS:
        raise PayloadError(source, field, epoch_ms, "not a time in milliseconds")
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def positive(source: str, field: str, value: Decimal) -> Decimal:
    """The value if it is finite and above zero: a price, a size that must exist."""
    if not value.is_finite() or not SMALLEST <= value < LARGEST:
        raise PayloadError(source, field, value, "must be finite and above zero")
    return value


def not_negative(source: str, field: str, value: Decimal) -> Decimal:
    """The value if it is finite and not below zero: a volume, a margin."""
    if not value.is_finite() or not 0 <= value < LARGEST:
        raise PayloadError(source, field, value, "must be finite and not negative")
    return value


def finite(source: str, field: str, value: Decimal) -> Decimal:
    """The value if it is finite: a balance, a profit, a signed quantity."""
    if not value.is_finite() or not -LARGEST < value < LARGEST:
        raise PayloadError(source, field, value, "must be finite")
    return value


def fraction(source: str, field: str, value: float, *, within: float = 1.0) -> float:
    """The value if it is finite and no larger than `within` either way: a funding rate."""
    if not math.isfinite(value) or abs(value) > within:
        raise PayloadError(source, field, value, f"must be finite and within ±{within:g}")
    return value


def decimal(source: str, field: str, text: str) -> Decimal:
    """A number that the exchange sometimes leaves empty, once it is known not to be."""
    try:
        return Decimal(text)
    except ArithmeticError as cause:
        raise PayloadError(source, field, text, "not a number") from cause


def number(source: str, field: str, text: str) -> float:
    """Like `decimal`, for rates."""
    try:
        return float(text)
    except ValueError as cause:
        raise PayloadError(source, field, text, "not a number") from cause


def one_of(source: str, field: str, value: str, allowed: Iterable[str]) -> str:
    """The value if it is one of the documented words."""
    if value not in allowed:
        raise PayloadError(source, field, value, f"must be one of {', '.join(sorted(allowed))}")
    return value


def name(source: str, field: str, value: str) -> str:
    """A symbol or asset: any script, but neither empty, nor long, nor with control characters."""
    if not 0 < len(value) <= 40 or not value.isprintable() or " " in value:
        raise PayloadError(source, field, value, "not a name")
    return value


@lru_cache(maxsize=256)
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(Any, kind), strict=False)


def _elements(source: str, body: bytes, kind: type[S]) -> list[S] | list[msgspec.Raw]:
    if body.lstrip()[:1] == b"{":
        return [msgspec.Raw(body)]
    try:
        listed: list[S] = _decoder(cast(Hashable, list[kind])).decode(body)  # type: ignore[valid-type]
    except _UNREADABLE:
        return decode(source, body, list[msgspec.Raw])
    return listed


def _payload_error(source: str, body: bytes, cause: BaseException) -> PayloadError:
    text = str(cause)
    place, missing = _PLACE.search(text), _MISSING.search(text)
    path = place.group(1).lstrip(".") if place else ""
    if missing:
        return PayloadError(source, ".".join(filter(None, (path, missing.group(1)))), "", "missing")
    if not isinstance(cause, msgspec.ValidationError):
        return PayloadError(source, "", body[:200].decode("utf-8", "replace"), f"not JSON: {text}"[:200])
    return PayloadError(source, path, _dig(body, path), text.removesuffix(place.group(0) if place else ""))


def _dig(body: bytes, path: str) -> Any:
    """What stands at a msgspec path; the whole when the path does not lead anywhere exact."""
    try:
        value: Any = msgspec.json.decode(body)
        for index, key in _STEP.findall(path):
            value = value[int(index)] if index else value[key]
    except (*_UNREADABLE, LookupError, TypeError):
        return body[:200].decode("utf-8", "replace")
    return value


_NAMES = ("symbol", "inst_id", "instId", "instrument_name", "name", "s")


def _symbol(row: object, raw: object) -> str:
    """Whom a refused row concerns, as far as that can be read."""
    plain: Any = None
    if row is None and isinstance(raw, msgspec.Raw):
        try:
            plain = msgspec.json.decode(bytes(raw))
        except _UNREADABLE:
            return ""
    for key in _NAMES:
        found = plain.get(key) if isinstance(plain, dict) else getattr(row, key, None)
        if isinstance(found, str) and found:
            return found[:40]
    return ""
