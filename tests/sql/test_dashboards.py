"""Every panel and variable of the Grafana dashboards answers on a filled database, as risk_reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from risk.adapters import embedded, store
from risk.records import DataIssue
from tests.web import filled

GRAFANA = Path(__file__).resolve().parents[2] / "deploy" / "grafana"
BOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
CASES = [
    (board.stem, panel)
    for board in BOARDS
    for panel in json.loads(board.read_text(encoding="utf-8"))["panels"]
]


@pytest.fixture(scope="module")
def reader(pg_data_dir: Path, template_database: str, pg_server: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE boards TEMPLATE {template_database}")
    url = embedded.url(pg_data_dir, database="boards")
    filled.fill(url, ("BTCUSDT", filled.HOSTILE))
    filled.fall(url, filled.NOW + timedelta(seconds=5))
    with store.connect(url) as db:
        store.roll_up_depth(db, since=filled.NOW - timedelta(days=1), until=filled.NOW)
        wrong = DataIssue(
            source="rest", symbol=filled.HOSTILE, field="markPrice", problem="not a number", value="NaN",
            at=filled.NOW,
        )  # fmt: skip
        store.save_issues(db, [wrong])
    with psycopg.connect(
        embedded.url(pg_data_dir, database="boards", role=embedded.READER), autocommit=True
    ) as connection:
        yield connection
    store.dispose(url)


def expanded(sql: str, values: Mapping[str, str]) -> str:
    """The statement as Grafana sends it: its time macros and variables written out.

    `$__timeFrom()` becomes a quoted time (Grafana, PostgreSQL data source, macros); `${x:sqlstring}` a quoted
    text in which quotes are doubled (Grafana, advanced variable format options).
    """
    begin, end = filled.NOW - timedelta(days=2), filled.NOW + timedelta(minutes=1)
    sql = sql.replace("$__timeFrom()", f"'{begin:%Y-%m-%dT%H:%M:%SZ}'")
    sql = sql.replace("$__timeTo()", f"'{end:%Y-%m-%dT%H:%M:%SZ}'")
    return re.sub(r"\$\{(\w+):sqlstring\}", lambda m: "'" + values[m[1]].replace("'", "''") + "'", sql)


@pytest.mark.parametrize(
    ("board", "panel"), CASES, ids=lambda case: case if isinstance(case, str) else case["title"]
)
def test_a_panel_answers(reader: psycopg.Connection[Any], board: str, panel: dict[str, Any]) -> None:
    (target,) = panel["targets"]
    sql = target["rawSql"]
    scope = "account" if panel["title"].startswith(("Dimensions", "What makes")) else filled.HOSTILE
    cursor = reader.execute(expanded(sql, {"scope": scope, "symbol": filled.HOSTILE}).encode())
    rows = cursor.fetchall()
    assert rows
    columns = [column.name for column in cursor.description or ()]
    if panel["type"] == "timeseries":
        assert columns[0] == "time"
        assert target["format"] == "time_series"
        assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    if panel["type"] == "timeseries" or "LIMIT" in sql:
        assert "$__timeFrom()" in sql and "$__timeTo()" in sql, "bound by the time that is looked at"


@pytest.mark.parametrize("name", [filled.HOSTILE, "B'; DROP TABLE risk.score; --"])
def test_a_hostile_name_is_a_value_and_no_statement(reader: psycopg.Connection[Any], name: str) -> None:
    for _, panel in CASES:
        sql = expanded(panel["targets"][0]["rawSql"], {"scope": name, "symbol": name})
        reader.execute(sql.encode()).fetchall()
        bare = re.sub(r"\$\{\w+:sqlstring\}|\$__time(From|To)\(\)", "", panel["targets"][0]["rawSql"])
        assert "$" not in bare, "no variable without quotes of its own"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.stem)
def test_a_board_has_its_own_numbers_names_and_our_source(
    reader: psycopg.Connection[Any], board: Path
) -> None:
    read = json.loads(board.read_text(encoding="utf-8"))
    ids = [panel["id"] for panel in read["panels"]]
    assert len(set(ids)) == len(ids)
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/risk.yaml").read_text())["datasources"]
    assert source["user"] == embedded.READER
    assert {panel["datasource"]["uid"] for panel in read["panels"]} == {source["uid"]}
    for variable in read["templating"]["list"]:
        names = [name for (name,) in reader.execute(variable["query"].encode()).fetchall()]
        assert filled.HOSTILE in names
    for panel in read["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
