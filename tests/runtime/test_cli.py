"""The command `risk`: every command ends with the right exit status and one line of reason."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from risk import cli
from risk.adapters import charts, migrate, settings, store
from risk.commands import arguments
from risk.runtime import doctor, doctor_outside
from risk.runtime.finding import Finding
from risk.runtime.hold import hold
from risk.simulator import scenarios
from tests.adapters import rows as x
from tests.conftest_simulator import RunningSimulator


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    for name in settings.PLACES | {f"RISK_{field.upper()}" for field in settings.Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    settings.load.cache_clear()
    yield tmp_path
    settings.load.cache_clear()


def risk(*arguments: str) -> int:
    try:
        return cli.main(list(arguments))
    except SystemExit as left:
        return int(left.code or 0)


def test_help_names_every_command_and_the_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert risk("--help") == 0
    said = capsys.readouterr().out
    for word in ("demo", "up", "status", "doctor", "watch", "simulate", "db", "Exit status"):
        assert word in said


def test_help_does_not_import_what_a_command_needs() -> None:
    heavy = ("prefect", "sqlalchemy", "pandas", "numpy", "httpx", "risk.runtime.stack")
    code = f"import sys, risk.cli; print([name for name in {heavy!r} if name in sys.modules])"
    project = Path(cli.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("watch", "--every", "0"),
        ("size", "BTCUSDT"),
        ("demo", "--archive", "/nowhere"),
        ("demo", "--from", "yesterday"),
        ("demo", "--scenario", "sunshine"),
        ("demo", "--symbols", "FOO"),
        ("demo", "--symbols", "BTCUSDT,BTCUSDT"),
        ("demo", "--symbols", ","),
        ("alert", "silence", "level", "--for", "-2h"),
        ("alert", "ack", "level", "--for", "-2h"),
        ("simulate", "--port", "65536"),
        ("backtest", "var", "BTCUSDT", "--from", "2024-01-01"),
        ("simulate", "--archive", ".", "--from", "2022-13-01"),
        ("simulate", "--faults", "/nowhere"),
    ],
)
def test_a_wrong_command_line_is_refused_in_one_line_before_anything_starts(
    arguments: tuple[str, ...], own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert risk(*arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("refused: ") and said.err.count("\n") == 1 and said.out == ""
    assert not (own_folder / "data").exists()


def test_the_command_names_the_scenarios_of_the_simulator() -> None:
    assert get_args(arguments.Scenario) == scenarios.NAMES


def test_a_refused_setting_ends_with_two_and_names_the_field(
    own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_folder / "risk.toml").write_text("simbols = []\n")
    assert risk("status") == 2
    assert capsys.readouterr().err == "refused: simbols: unknown key; did you mean symbols?\n"


def test_status_without_a_desk_ends_with_two_and_says_how_to_start_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert risk("status") == 2
    assert "`risk up`" in capsys.readouterr().out.splitlines()[-1]


def test_a_database_by_address_that_is_away_is_not_said_to_be_started_by_us(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_DATABASE_URL", "postgresql://me@127.0.0.1:1/risk")
    assert risk("status") == 2
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.endswith("check database_url and that server") and "`risk up`" not in said


def test_watch_without_a_desk_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert risk("watch", "--once") == 1
    assert "the database does not answer" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_second_desk_is_told_which_process_holds_the_folder(
    own_folder: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = own_folder / "data" / ("demo" if command == "demo" else "")
    with hold(folder, "up"):
        assert risk(command) == 3
    said = capsys.readouterr().err
    assert said.startswith("held: ") and "`risk up`, process " in said and "RISK_DATA_DIR" in said


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_data_directory_that_cannot_be_made_is_refused_with_what_helps(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_DATA_DIR", "/proc/nope" if sys.platform == "linux" else "/dev/nope")
    assert risk(command) == 2
    said = capsys.readouterr().err
    assert said.startswith("refused: data_dir: ") and "RISK_DATA_DIR" in said and said.count("\n") == 1


@pytest.mark.parametrize("command", ["status", "doctor", "db url", "db backup", "watchdog", "up", "demo"])
@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_data_directory_that_is_a_file_is_refused_by_every_command(
    own_folder: Path,
    command: str,
    below: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = own_folder / "file"
    file.touch()
    monkeypatch.setenv("RISK_DATA_DIR", str(file / below))
    assert risk(*command.split()) == (1 if command == "doctor" else 2)
    said = "".join(capsys.readouterr())
    assert f"data_dir = '{file / below}': {file} is no folder" in said and "RISK_DATA_DIR" in said


def test_symbols_that_are_set_to_nothing_are_no_wish_for_the_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_SYMBOLS", "")
    assert risk("status") == 2
    said = capsys.readouterr().err
    assert said.startswith("refused: symbols: RISK_SYMBOLS is empty") and "unset it" in said


@pytest.mark.parametrize("symbols", ["text", "BTC-USDT", "BTC USDT"])
def test_symbols_that_no_exchange_writes_so_are_refused(
    symbols: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_SYMBOLS", symbols)
    assert risk("status") == 2
    said = capsys.readouterr().err
    assert f"{symbols!r} cannot be a symbol" in said and "e.g. BTCUSDT" in said


def test_doctor_finds_a_symbol_that_the_exchange_does_not_list() -> None:
    listed = {"BTCUSDT", "ETHUSDT", "SOLUSDT"}
    assert doctor_outside.symbols_finding(("ETHUSDT", "BTCUSDT"), listed).mark == "ok"
    finding = doctor_outside.symbols_finding(("BTCUSDT", "ETHUSDC"), listed)
    assert (finding.mark, finding.found) == ("fail", "the exchange does not list ETHUSDC")
    assert finding.remedy == "did you mean ETHUSDT? correct symbols"


def test_doctor_asks_the_exchange_for_the_symbols(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_EXCHANGE__REST_URL", simulator.rest)
    monkeypatch.setenv("RISK_SYMBOLS", "BTCUSDT,TEXT")
    found = {one.subject: one for one in doctor_outside.asked("exchange", settings.load())}
    assert (found["symbols"].mark, found["exchange"].mark) == ("fail", "ok")


def test_db_url_prints_the_address_of_a_database_that_answers(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    assert risk("db", "url") == 0
    said = capsys.readouterr().out
    assert said.startswith("postgresql://") and said.count("\n") == 1


@pytest.mark.parametrize(
    ("address", "remedy"), [("", "`risk up`"), ("postgresql://me@/desk?host=/nowhere", "check database_url")]
)
def test_db_url_of_a_database_that_is_away_is_printed_and_said_to_be_away(
    address: str, remedy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_DATABASE_URL", address)
    assert risk("db", "url") == 1
    said = capsys.readouterr()
    assert said.out.startswith("postgresql://") and said.out.count("\n") == 1
    assert said.err.startswith("failed: the database does not answer") and remedy in said.err


def test_db_shell_makes_no_empty_database(own_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert risk("db", "shell") == 1
    said = capsys.readouterr().err
    assert said.startswith("failed: there is no database in ") and "`risk db migrate`" in said
    assert not (own_folder / "data").exists()


def test_db_migrate_brings_an_empty_database_to_the_newest_schema(
    empty_database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_DATABASE_URL", empty_database_url)
    assert risk("db", "migrate") == 0
    assert capsys.readouterr().out == f"schema went from nothing to {migrate.head()}\n"
    assert risk("db", "migrate") == 0
    assert capsys.readouterr().out == f"schema is at {migrate.head()}\n"


def test_db_shell_gives_back_what_psql_says(
    database_url: str, monkeypatch: pytest.MonkeyPatch, own_folder: Path
) -> None:
    program = own_folder / "psql"
    program.write_text("#!/bin/sh\nexit 5\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(own_folder), prepend=":")
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    assert risk("db", "shell") == 5


def test_watch_shows_an_empty_table_before_the_first_score(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    assert risk("watch", "--once") == 0
    assert "no score yet" in capsys.readouterr().out


def test_status_of_a_database_without_scores_ends_with_one(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    assert risk("status") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "no desk runs" in said and "there is no score yet" in said


def test_doctor_says_ready_or_not_and_gives_a_remedy_for_each_fault(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    monkeypatch.setenv("RISK_EXCHANGE__REST_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("RISK_SYMBOLZ", "x")
    assert risk("doctor") == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("ok   versions") for line in lines)
    assert any(line.startswith("ok   database") for line in lines)
    assert any("RISK_SYMBOLZ (did you mean RISK_SYMBOLS?)" in line for line in lines)
    assert any(line.startswith("ok   roles       owner, writer and reader are apart") for line in lines)
    assert any(line.startswith("fail exchange") for line in lines)
    assert lines[-1] == "not ready: see the lines that say fail"


def test_doctor_names_what_is_late_and_not_what_nobody_watches(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    old, fresh = (
        {"event_at": now - age, "received_at": now - age}
        for age in (timedelta(hours=3), timedelta(seconds=5))
    )
    with store.connect(database_url) as db:
        marks = [("BTCUSDT", old), ("ETHUSDT", fresh), ("GONEUSDT", old)]
        store.save(db, [replace(x.MARK, symbol=symbol, **when) for symbol, when in marks])
        store.save(
            db, [replace(x.TICKER, symbol="BTCUSDT", **fresh), replace(x.TICKER, symbol="GONEUSDT", **old)]
        )
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    monkeypatch.setenv("RISK_SYMBOLS", "BTCUSDT,ETHUSDT")
    monkeypatch.setenv("RISK_EXCHANGE__REST_URL", "http://127.0.0.1:9")
    risk("doctor")
    lines = [line for line in capsys.readouterr().out.splitlines() if " input " in line]
    assert lines[0].startswith("warn input       mark is 3 h old")
    assert lines[1].startswith("ok   input       ages: ticker usdm 5 s")


def test_doctor_says_where_chinese_pictures_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RISK_LANGUAGE", "zh")
    monkeypatch.setenv("RISK_EXCHANGE__REST_URL", "http://127.0.0.1:9")
    for fonts, words in ((frozenset(), "warn font"), (frozenset({"SimHei"}), "ok   font        SimHei")):
        monkeypatch.setattr(charts, "_installed", lambda found=fonts: found)
        risk("doctor")
        assert any(line.startswith(words) for line in capsys.readouterr().out.splitlines())


def test_simulate_refuses_an_unknown_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert risk("simulate", "--scenario", "sunshine", "--port", "0") == 2
    assert "sunshine" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("revision", "remedy"),
    [(None, "risk db migrate"), ("0001", "risk db migrate"), ("9999", "a newer program made it")],
)
def test_doctor_tells_a_schema_that_is_newer_from_one_that_is_behind(
    revision: str | None, remedy: str
) -> None:
    finding = doctor_outside.schema_finding(revision, migrate.head())
    assert finding.exit_code == 2
    assert remedy in finding.remedy


def test_doctor_finds_the_schema_right(database_url: str) -> None:
    assert doctor_outside.schema_finding(migrate.current(database_url), migrate.head()).mark == "ok"


def test_doctor_gives_up_what_does_not_answer_in_time_and_says_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = threading.Event()

    def asked(subject: str, _: settings.Settings) -> Iterator[Finding]:
        yield Finding("ok", subject, "first")
        if subject == "exchange":
            ends.wait(60)

    monkeypatch.setattr(doctor_outside, "asked", asked)
    found = [(one.mark, one.subject, one.found, one.remedy) for one in doctor.examine(within_s=2.0)]
    ends.set()
    outside = [one[:3] for one in found if one[1] in doctor.OUTSIDE]
    assert [one[3] for one in found if one[2] == "no answer in time"] == [
        "see whether `curl https://fapi.binance.com/fapi/v1/ping` answers: network, name server, proxy"
        " (HTTPS_PROXY), country"
    ]
    assert outside == [
        ("ok", "database", "first"),
        ("ok", "prefect", "first"),
        ("ok", "exchange", "first"),
        ("fail", "exchange", "no answer in time"),
        ("ok", "channels", "first"),
    ]


def test_a_look_of_the_doctors_that_breaks_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> Iterator[Finding]:
        raise ZeroDivisionError("in a look")

    monkeypatch.setattr(doctor_outside, "_channels", broken)
    (finding,) = doctor_outside.asked("channels", settings.load())
    assert (finding.mark, finding.found) == ("fail", "cannot be looked at: ZeroDivisionError: in a look")


def test_doctor_names_flows_in_trouble(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    since = datetime.now(UTC) - timedelta(hours=3)
    said = {"flow": "refit", "kind": "failed", "since": since.isoformat(), "problem": "DataError: two bars"}
    with store.connect(database_url) as db:
        store.beat(db, "worker/heavy", datetime.now(UTC), {"troubles": [said]})
    (finding,) = [one for one in doctor_outside.asked("database", settings.load()) if one.subject == "flow"]
    assert (finding.mark, finding.found, finding.remedy) == (
        "warn", "refit has failed for 3 h", "DataError: two bars",
    )  # fmt: skip
