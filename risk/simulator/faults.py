"""Scripted misbehaviour: what goes wrong, when, for how long and how often.

A script is JSON lines, one fault each: {"at": 5, "for": 10, "kind": "status", "path": "/fapi/v1/depth",
"status": 503, "percent": 30}. `at` counts seconds from the simulator's start (default: now), `for` seconds
(default: until cleared). The kinds and their options stand in `KINDS`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from risk.errors import SettingsError

# kind -> options with their defaults. `path` (a prefix) and `percent` apply to all HTTP and handshake faults,
# `symbol` (empty: all) to every depth fault.
KINDS: dict[str, dict[str, Any]] = {
    # HTTP
    "status": {"status": 503, "body": "unknown"},  # body: a key of BODIES, or any text
    "delay": {"seconds": 1.0},
    "hang": {"seconds": 3600.0},
    "reset": {},  # the connection ends in the middle of the body
    "malformed": {"how": "truncated", "field": "", "value": None},  # how: one of SPOILERS
    "limit": {"retry_after": None},  # 429
    "ban": {"seconds": 120},  # 418 until the fault began + seconds
    "key": {"code": -2015},  # signed calls are refused: -2014, -2015, -1022
    "maintenance": {},  # HTTP and handshakes answer 503
    "clock_skew": {"ms": 0},  # added to the server's clock as REST shows and checks it
    "delist": {"symbol": ""},  # the contract is unknown to REST
    # sockets
    "drop": {"every": 0.0, "how": "reset"},  # reset, close, or shutdown (with the event before it)
    "silence": {},  # half-open: nothing is sent, nothing is read, pings stay unanswered
    "handshake": {"status": 429},
    # depth
    "duplicate": {"symbol": ""},
    "reorder": {"symbol": "", "window": 5},
    "gap": {"symbol": ""},  # a diff is never sent
    "chain": {"symbol": ""},  # a diff carries a wrong pu
    "snapshot_lag": {"symbol": "", "ms": 1000},
    "freeze": {},  # prices and book stand still, time stamps move
}

BODIES: dict[str, tuple[int, dict[str, Any] | str]] = {
    "unknown": (503, {"code": -1000, "msg": "Unknown error, please check your request or try again later."}),
    "unavailable": (503, {"code": -1000, "msg": "Service Unavailable."}),
    "overload": (
        503,
        {
            "code": -1008,
            "msg": "Request throttled by system-level protection. "
            "Reduce-only/close-position orders are exempt. Please try again.",
        },
    ),
    "timeout": (
        408,
        {
            "code": -1007,
            "msg": "Timeout waiting for response from backend server. "
            "Send status unknown; execution status unknown.",
        },
    ),
    "waf": (403, "<html><body><h1>403 Forbidden</h1></body></html>"),
    "geo": (
        451,
        {
            "code": 0,
            "msg": "Service unavailable from a restricted location according to 'b. Eligibility' in "
            "https://www.binance.com/en/terms. Please contact customer service if you believe you received "
            "this message in error.",
        },
    ),
}

SPOILERS = ("truncated", "html", "empty", "renamed", "value", "extra", "wrong_type", "null", "huge")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong between `start_s` and `end_s` seconds after the simulator's start."""

    kind: str
    start_s: float
    end_s: float
    path: str
    chance: float  # 0..1
    options: Mapping[str, Any]

    def is_active(self, now_s: float) -> bool:
        """True while it lasts."""
        return self.start_s <= now_s < self.end_s

    def touches(self, path: str, symbol: str | None) -> bool:
        """True when it is meant for this path and symbol; None asks for no symbol in particular."""
        wanted = str(self.options.get("symbol", "")).upper()
        return path.startswith(self.path) and (symbol is None or wanted in ("", symbol.upper()))


def fault(spec: Mapping[str, Any], now_s: float = 0.0) -> Fault:
    """A fault from one line of a script.

    Raises:
        SettingsError: unknown kind or option, or a number out of range.
    """
    kind = str(spec.get("kind", ""))
    if kind not in KINDS:
        raise SettingsError(f"fault kind {kind!r} is unknown; use one of {', '.join(KINDS)}")
    common = {"at", "for", "kind", "path", "percent"}
    unknown = set(spec) - common - set(KINDS[kind])
    if unknown:
        raise SettingsError(f"fault {kind} has no option {', '.join(sorted(unknown))}")
    chance = float(spec.get("percent", 100)) / 100
    if not 0 <= chance <= 1:
        raise SettingsError(f"fault {kind}: percent = {spec['percent']}, expected 0 to 100")
    options = KINDS[kind] | {name: spec[name] for name in KINDS[kind] if name in spec}
    if kind == "malformed" and options["how"] not in SPOILERS:
        raise SettingsError(
            f"fault malformed: how = {options['how']!r}, expected one of {', '.join(SPOILERS)}"
        )
    start = now_s + float(spec.get("at", 0))
    return Fault(
        kind, start, start + float(spec.get("for", "inf")), str(spec.get("path", "")), chance, options
    )


def read_script(path: Path) -> list[Fault]:
    """The faults of a JSON-lines file.

    Raises:
        SettingsError: a line that is no fault; names the line.
    """
    faults = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            faults.append(fault(json.loads(line)))
        except (ValueError, SettingsError) as cause:
            raise SettingsError(f"{path}, line {number}: {cause}") from cause
    return faults


@dataclass(slots=True)
class FaultPlan:
    """The faults of a run and the dice that decide each time; `hits` counts what happened, by kind."""

    faults: list[Fault] = field(default_factory=list)
    seed: int = 7
    dice: random.Random = field(init=False)
    hits: dict[str, int] = field(default_factory=dict)
    held: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # diffs kept back for reordering

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def active(self, kind: str, now_s: float, path: str = "", symbol: str | None = None) -> Iterator[Fault]:
        """Faults of this kind that are on now, without throwing dice."""
        return (f for f in self.faults if f.kind == kind and f.is_active(now_s) and f.touches(path, symbol))

    def draw(self, kind: str, now_s: float, path: str = "", symbol: str | None = None) -> Fault | None:
        """A fault of this kind that strikes this time, or None."""
        for found in self.active(kind, now_s, path, symbol):
            if found.chance >= 1 or self.dice.random() < found.chance:
                self.hits[kind] = self.hits.get(kind, 0) + 1
                return found
        return None

    def disturb(
        self, diffs: Sequence[dict[str, Any]], symbol: str, stream: str, now_s: float
    ) -> list[dict[str, Any]]:
        """Depth diffs of a stream as its clients get them: twice, out of order, never, or chained wrongly."""
        out: list[dict[str, Any]] = []
        for diff in diffs:
            if self.draw("gap", now_s, symbol=symbol):
                continue
            if self.draw("chain", now_s, symbol=symbol):
                diff = diff | {"pu": int(diff["pu"]) - 1}
            out.append(diff)
            if self.draw("duplicate", now_s, symbol=symbol):
                out.append(diff)
        shuffle = next(self.active("reorder", now_s, symbol=symbol), None)
        return self._shuffled(out, stream, shuffle)

    def _shuffled(
        self, diffs: list[dict[str, Any]], stream: str, found: Fault | None
    ) -> list[dict[str, Any]]:
        waiting = self.held.pop(stream, []) + diffs
        if found is None:
            return waiting
        if len(waiting) < int(found.options["window"]):
            self.held[stream] = waiting
            return []
        self.hits["reorder"] = self.hits.get("reorder", 0) + 1
        self.dice.shuffle(waiting)
        return waiting


def spoil_value(value: Any, found: Fault) -> Any:
    """An answer with one field renamed, replaced, added, or of another type, wherever it stands."""
    how, name = found.options["how"], str(found.options["field"])
    if how == "null":
        return None
    if how == "wrong_type":
        return {"unexpected": value} if isinstance(value, list) else [value]
    return _spoil(value, how, name, found.options["value"])


def _spoil(value: Any, how: str, name: str, new: Any) -> Any:
    if isinstance(value, list):
        return [_spoil(item, how, name, new) for item in value]
    if not isinstance(value, dict):
        return value
    changed: dict[str, Any] = {}
    for key, item in value.items():
        if key != name:
            changed[key] = _spoil(item, how, name, new)
        elif how == "renamed":
            changed[f"{key}New"] = item
        else:
            changed[key] = new
    return changed | ({"fieldOfTomorrow": "1"} if how == "extra" else {})


def spoil_bytes(body: bytes, found: Fault) -> bytes:
    """An answer cut off, replaced by a page, empty, or padded to 20 MB."""
    match found.options["how"]:
        case "truncated":
            return body[: len(body) // 2]
        case "html":
            return b"<!DOCTYPE html><html><body>Sorry, something went wrong.</body></html>"
        case "empty":
            return b""
        case "huge":
            return body + b" " * 20_000_000
        case _:
            return body


def summary(faults: Iterable[Fault], now_s: float) -> list[dict[str, Any]]:
    """Faults as the control endpoint lists them."""
    return [
        {"kind": f.kind, "active": f.is_active(now_s), "start_s": f.start_s, "path": f.path, **f.options}
        for f in faults
    ]
