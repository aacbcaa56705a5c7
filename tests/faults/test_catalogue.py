"""The documents keep their word: each fault has a line, each test named exists, each alert is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from risk.limits import ALERTS

TESTS = Path(__file__).resolve().parents[1]
DOCS = TESTS.parent / "docs"
NUMBERS = {"X": 8, "W": 7, "D": 6, "P": 6, "N": 7, "M": 4, "T": 2, "Q": 3, "S": 3}
CATALOGUE = [f"{letter}{number}" for letter, last in NUMBERS.items() for number in range(1, last + 1)]


def lines() -> dict[str, list[str]]:
    """Cells of each line of the catalogue, by its id."""
    rows = [line for line in (DOCS / "faults.md").read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {row[0]: row for row in cells if re.fullmatch(r"[A-Z]\d", row[0])}


@pytest.mark.parametrize("fault", CATALOGUE)
def test_each_fault_has_a_test_that_exists_or_a_reason(fault: str) -> None:
    _, _, shown, missing = lines()[fault]
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", shown)
    assert named or missing
    for path, name in named:
        assert f"def {name}(" in (TESTS / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_the_catalogue_has_no_line_of_its_own() -> None:
    assert set(lines()) == set(CATALOGUE)


def test_each_alert_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", (DOCS / "alerts.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(ALERTS)
