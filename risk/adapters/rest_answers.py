"""From an HTTP answer to a typed error: by status and code, never by the wording.

Two exceptions, both forced by the exchange: the end of a ban stands in the message only, and the three
kinds of 503 differ in nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from risk.adapters import wire
from risk.errors import (
    ClockError,
    ExchangeError,
    KeyRejectedError,
    OutcomeUnknownError,
    RejectedError,
    UnknownSymbolError,
    UnreachableError,
)

TOO_MANY = frozenset({-1003, -1015})
CLOCK = frozenset({-1021, -5028})
KEY = frozenset({-2014, -2015, -1022})
UNKNOWN_SYMBOL = -1121
OUTCOME_UNKNOWN = frozenset({-1006, -1007})
TRANSIENT = frozenset({-1000, -1001, -1006, -1007, -1008})
OVERLOADED = -1008
LONGEST_BAN_S = 3 * 24 * 3600.0
_UNTIL = re.compile(r"until (\d{13})\b")

_REMEDIES = {
    -2014: "check the API key in the settings",
    -2015: "check the key, its address list and its reading right; in portfolio margin mode, which is not "
    "supported, the futures account cannot be read either",
    -1022: "check the API secret in the settings",
    451: "the exchange does not serve this location",
    403: "the exchange's firewall refused; slow down or use another address",
}


def failure(method: str, path: str, status: int, body: bytes) -> ExchangeError | None:
    """The error that an answer stands for; None when it is one to be read.

    429 and 418 are not judged here: they need a clock (`asked_wait`).
    """
    told = wire.parse_error(body) if len(body) < 4096 else None
    code, words = told if told is not None else (0, "")
    name = f"{method} {path}"
    if status == 200 and code >= 0:
        if body.lstrip()[:1] == b"<":
            return UnreachableError(f"{name}: a page instead of JSON")
        return None
    detail = f"{name}: HTTP {status}, code {code}: {words or 'no message'}"
    if code in OUTCOME_UNKNOWN or (status == 503 and code != OVERLOADED and words != "Service Unavailable."):
        if method != "GET":
            return OutcomeUnknownError(detail)
        return UnreachableError(detail)
    if code in TRANSIENT or status >= 500 or status == 408 or status < 200 or 300 <= status < 400:
        return UnreachableError(detail)
    return _rejection(detail, status, code)


def is_too_many(status: int, body: bytes) -> bool:
    """Whether the answer asks to stop calling."""
    if status in (418, 429):
        return True
    told = wire.parse_error(body) if status != 200 and len(body) < 4096 else None
    return told is not None and told[0] in TOO_MANY


def asked_wait(headers: Mapping[str, str], body: bytes, *, server_ms: float) -> float | None:
    """Seconds that the exchange asks us to wait: Retry-After, else the time in the message, else None.

    Args:
        server_ms: the exchange's clock now, which the time in the message refers to.
    """
    for key, value in headers.items():
        if key.lower() == "retry-after" and value.strip().isascii() and value.strip().isdigit():
            seconds = int(value)
            if 0 < seconds <= LONGEST_BAN_S:
                return float(seconds)
    told = wire.parse_error(body)
    until = _UNTIL.search(told[1]) if told else None
    if until is None:
        return None
    wait = (int(until.group(1)) - server_ms) / 1000
    return wait if 0 < wait <= LONGEST_BAN_S else None


def _rejection(detail: str, status: int, code: int) -> RejectedError:
    remedy = _REMEDIES.get(code, _REMEDIES.get(status, ""))
    message = f"{detail} ({remedy})" if remedy else detail
    if code in CLOCK:
        return ClockError(message, status, code)
    if code in KEY or (status == 401 and code == 0):
        return KeyRejectedError(message, status, code)
    if code == UNKNOWN_SYMBOL:
        return UnknownSymbolError(message, status, code)
    return RejectedError(message, status, code)
