"""Rows that come back as JSON text, turned into our records without losing a digit."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import numpy as np

Record = TypeVar("Record")
Converter = Callable[[Any], Any]

_PLAIN: dict[Any, Converter] = {
    Decimal: Decimal,
    float: float,
    datetime: datetime.fromisoformat,
    UUID: UUID,
}


def decode(kind: type[Record], body: str) -> Record:
    """A record from to_jsonb of its row; columns that the record lacks are left out."""
    row = json.loads(body, parse_float=Decimal)
    return kind(**{name: convert(row[name]) for name, convert in _converters(cast(Hashable, kind))})


def plain(value: object) -> object:
    """What json.dumps asks for values that JSON lacks: times and decimals as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, np.generic):  # a number or truth value out of an array
        return value.item()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


@cache
def _converters(kind: Hashable) -> tuple[tuple[str, Converter], ...]:
    hints = get_type_hints(kind)
    return tuple((name, _converter(hint)) for name, hint in hints.items())


def _converter(hint: Any) -> Converter:
    if get_origin(hint) in (Union, UnionType):
        inner = _converter(next(a for a in get_args(hint) if a is not type(None)))
        return lambda value: None if value is None else inner(value)
    if get_origin(hint) is tuple:
        element = _converter(get_args(hint)[0])
        return lambda value: tuple(element(v) for v in value)
    if get_origin(hint) is dict:
        return _floats
    return _PLAIN.get(hint, _same)


def _same(value: Any) -> Any:
    return value


def _floats(value: Any) -> Any:
    """Free-form details: their decimals were floats."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_floats(inner) for inner in value]
    return value
