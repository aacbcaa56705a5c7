"""deploy/compose.yaml read: services in their order, commands and environments filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[2] / "deploy" / "compose.yaml"
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Service:
    """One part: what it runs, with which variables, after which others."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    after: Mapping[str, str]  # service -> condition
    raw: Mapping[str, Any]


def services(variables: Mapping[str, str]) -> dict[str, Service]:
    """All services, each after those that it depends on.

    Raises:
        KeyError: a variable without default has no value.
    """
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    found = {name: _service(name, raw, variables) for name, raw in document["services"].items()}
    ordered: dict[str, Service] = {}
    while len(ordered) < len(found):
        ready = [s for s in found.values() if s.name not in ordered and set(s.after) <= ordered.keys()]
        assert ready, "the services wait for each other"
        ordered.update({service.name: service for service in ready})
    return ordered


def document() -> dict[str, Any]:
    """The file as it stands."""
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def _service(name: str, raw: Mapping[str, Any], variables: Mapping[str, str]) -> Service:
    environment = {key: _filled(str(value), variables) for key, value in raw.get("environment", {}).items()}
    after = {other: wanted["condition"] for other, wanted in raw.get("depends_on", {}).items()}
    return Service(name, tuple(str(word) for word in raw.get("command", ())), environment, after, raw)


def _filled(text: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if kind == "-":
            return variables.get(name) or rest
        return variables[name]

    return _VARIABLE.sub(value, text)
