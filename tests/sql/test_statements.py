"""Every statement file is understood by the real schema and follows the style guide."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from risk.adapters import embedded, store
from risk.adapters.store_copy import prepare
from risk.adapters.store_engine import statement
from risk.adapters.store_save import TABLES
from risk.adapters.store_var import VAR_TABLES
from tests.adapters.rows import NOW

SQL = Path(__file__).resolve().parents[2] / "sql"
FILES = sorted([*(SQL / "queries").glob("*.sql"), *(SQL / "reports").glob("*.sql")])
REPORTS = sorted((SQL / "reports").glob("*.sql"))
HOSTILE = "B'; DROP TABLE risk.score; --"
VALUES: dict[str, object] = {
    "account": "default", "attempt": 1, "at": NOW, "before": NOW, "body": "{}", "cause": "closed",
    "channel": "mail", "channels": ["mail"], "cursor_at": NOW, "days_ahead": 7, "details": "{}", "done": 1,
    "duration_ms": 5, "event_at": NOW, "first_kept": date(2026, 3, 1), "flow": "history", "holder": "me",
    "host": "example", "interval": "15m", "language": "zh", "lease_s": 10.0, "least": [0],
    "message_id": "5" * 32, "minutes": 15, "method": "ewma", "most": 5, "name": "equity_now", "newest": NOW,
    "next_try_at": NOW, "now": NOW, "oldest": NOW, "outcome": "accepted", "part": "scoring", "reason": "",
    "severity": "critical", "short": "deadbeef", "picture": "late", "sure_after_s": 10.0,
    "retry_after_s": 1.0, "role": "scorer", "rows": "[]", "rungs": 10, "scope": HOSTILE, "scopes": [HOSTILE],
    "side": "BOTH", "since": NOW, "symbol": HOSTILE, "symbols": ["BTCUSDT", HOSTILE], "table_name": "depth",
    "today": date(2026, 3, 10), "total": 2, "tried_at": NOW, "ttl_s": 15.0, "until": NOW, "updated_at": NOW,
    "after_s": 10.0, "bar_at": NOW, "ends_at": NOW, "least_rank": 1, "mute": ["console"], "kind": "silence",
    "made_by": "command", "silence_id": "5" * 32, "starts_at": NOW,
    "path": "a.zip", "paths": ["a.zip"], "series": "1h", "sha256": "0" * 64, "is_verified": True,
    "row_count": 1, "new_count": 1, "refused_count": 0, "first_at": NOW, "last_at": NOW, "stored_at": NOW,
    "days": 1000, "period": "1d", "strategies": ["trend", HOSTILE], "service": "algo", "received_at": NOW,
    "value": 1.5, "vanished_at": NOW, "venue": "usdm", "version": "0" * 12,
}  # fmt: skip


@pytest.fixture(scope="module")
def schema_db(template_database: str, pg_data_dir: Path) -> Connection:
    url = embedded.url(pg_data_dir, database=template_database)
    with store.connect(url) as db:
        for table in [*TABLES.values(), *VAR_TABLES.values()]:
            prepare(db, table)
        prepare(db, "score", statement("stage_score").text)
        yield db
    store.dispose(url)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_schema_understands_the_statement(schema_db: Connection, path: Path) -> None:
    body = path.read_text()
    names = set(text(body)._bindparams)
    if path.stem == "stage_score":  # a command of its own kind, which EXPLAIN does not take
        schema_db.execute(text(body))
        return
    plan = schema_db.execute(text(f"EXPLAIN {body}"), {name: VALUES[name] for name in names}).fetchall()
    assert plan


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_holds_one_statement_behind_a_comment_that_says_what_it_answers(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert re.fullmatch(r"-- [A-Z].*[.?;:,a-z]", lines[0])
    body = "\n".join(line for line in lines if not line.startswith("--"))
    assert ";" not in body
    assert "::" not in body
    quoted = re.findall(r"'((?:[^']|'')*)'", body)
    assert not [literal for literal in quoted if re.search(r":[a-z]", literal)], "no parameter inside quotes"


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_a_report_names_its_parameters_and_its_rows(path: Path) -> None:
    comment = "\n".join(line for line in path.read_text().splitlines() if line.startswith("--"))
    for name in text(path.read_text())._bindparams:
        assert re.search(rf"\b{name}\b", comment)
    assert re.search(r"One row per", comment)


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_a_report_runs_on_an_empty_database_and_with_a_hostile_name(
    schema_db: Connection, path: Path
) -> None:
    names = text(path.read_text())._bindparams
    answer = schema_db.execute(text(path.read_text()), {name: VALUES[name] for name in names})
    assert answer.fetchall() == []
    assert schema_db.execute(text("SELECT to_regclass('risk.score')")).scalar() is not None


def test_every_statement_is_used() -> None:
    folders = [SQL.parent / name for name in ("risk", "flows")]
    sources = "\n".join(p.read_text() for folder in folders for p in folder.rglob("*.py"))
    dynamic = {f"save_{table}" for table in TABLES.values()}
    unused = [p.stem for p in (SQL / "queries").glob("*.sql") if f'"{p.stem}"' not in sources]
    assert set(unused) <= dynamic
