"""The reports of sql/reports: which there are, what each answers and takes, and its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, text

from risk.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Report:
    """One file.

    Attributes:
        question: its first line.
        notes: parameters, what a row is, units: the rest of its comment.
        parameters: names that the statement takes.
    """

    name: str
    question: str
    notes: str
    parameters: frozenset[str]
    statement: str


@cache
def reports() -> Mapping[str, Report]:
    """All reports by name, in the order of the alphabet."""
    found = sorted(
        (file.name, file.read_text(encoding="utf-8")) for file in files("sql").joinpath("reports").iterdir()
    )
    return {name.removesuffix(".sql"): _report(name.removesuffix(".sql"), body) for name, body in found}


def report(name: str) -> Report:
    """One report.

    Raises:
        SettingsError: there is none of that name; the message names those that resemble it, or all.
    """
    known = reports()
    if name in known:
        return known[name]
    near = [other for other in known if name in other or other in name]
    raise SettingsError(f"report {name!r}: there is none; there are {', '.join(near or known)}")


def answer(
    db: Connection, wanted: Report, values: Mapping[str, object]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows. Only the parameters that the report takes are passed on.

    Raises:
        KeyError: a parameter has no value.
    """
    result = db.execute(text(wanted.statement), {name: values[name] for name in wanted.parameters})
    return list(result.keys()), [tuple(row) for row in result.fetchall()]


def _report(name: str, body: str) -> Report:
    comment = [line.removeprefix("--").strip() for line in body.splitlines() if line.startswith("--")]
    statement = "\n".join(line for line in body.splitlines() if not line.startswith("--"))
    taken = frozenset(re.findall(r"(?<![:\w]):([a-z_]+)", statement))
    return Report(name, comment[0], " ".join(comment[1:]), taken, statement)
