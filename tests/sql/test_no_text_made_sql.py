"""No statement is put together from text: what comes from outside is a parameter, always."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = sorted(file for folder in ("risk", "flows") for file in (PROJECT / folder).rglob("*.py"))
VERB = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|TRUNCATE\s|CREATE\s+(TABLE|ROLE|SCHEMA|TEMP)"
    r"|ALTER\s+(TABLE|ROLE)|DROP\s+(TABLE|SCHEMA|DATABASE)|COPY\s+\S+\s+(FROM|TO)|WITH\s+\w+\s+AS\s*\()",
    re.IGNORECASE | re.DOTALL,
)


def words(node: ast.AST) -> str:
    """The fixed words of a text that is put together."""
    return " ".join(
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


def assembled(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and fixed words of each text made by f"", %, + or a method that fills something in."""
    for node in ast.walk(tree):
        if is_filled(node) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add)):
            yield node.lineno, words(node)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("format", "join", "replace")
            and not any(isinstance(one, ast.Attribute) and one.attr == "SQL" for one in ast.walk(node.func))
        ):  # psycopg.sql.SQL(...).format quotes what it fills in
            yield node.lineno, words(node.func.value)


def is_filled(node: ast.AST) -> TypeGuard[ast.JoinedStr]:
    return isinstance(node, ast.JoinedStr) and any(isinstance(p, ast.FormattedValue) for p in node.values)


def findings(source: str) -> list[tuple[int, str]]:
    return [(line, text) for line, text in assembled(ast.parse(source)) if VERB.search(text)]


def test_no_statement_is_put_together_from_text() -> None:
    found = {str(file.relative_to(PROJECT)): findings(file.read_text(encoding="utf-8")) for file in SOURCES}
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert len(found) > 100


@pytest.mark.parametrize(
    "source",
    [
        'f"SELECT * FROM risk.score WHERE scope = {name}"',
        "\"SELECT * FROM risk.score WHERE scope = '%s'\" % name",
        '"DELETE FROM " + table',
        '"INSERT INTO {} VALUES (1)".format(table)',
    ],
)
def test_each_way_to_put_one_together_is_seen(source: str) -> None:
    assert findings(source)


def test_names_quoted_by_the_driver_and_plain_statements_pass() -> None:
    assert findings('sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))') == []
    assert findings('text("SELECT value FROM risk.fact WHERE name = :name")') == []


def test_the_linter_watches_for_it_and_is_not_told_to_look_away() -> None:
    looked_away = [
        str(file.relative_to(PROJECT)) for file in SOURCES if "S608" in file.read_text(encoding="utf-8")
    ]
    assert looked_away == []
    settings = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"S608"' not in settings
    assert re.search(r'select = \[[^\]]*"S"', settings)
