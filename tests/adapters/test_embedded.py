"""The embedded PostgreSQL starts, is found again, and outlives both its starter and a kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from risk.adapters import embedded
from risk.errors import RuntimeFault


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("embedded")
    yield folder
    embedded.stop(folder, immediately=True)


def test_a_second_start_attaches_to_the_running_server(data_dir: Path) -> None:
    url = embedded.start(data_dir)
    first = embedded.pid(data_dir)
    assert embedded.start(data_dir) == url
    assert first is not None
    assert embedded.pid(data_dir) == first


def test_it_writes_through_to_the_disk_and_speaks_utc(data_dir: Path) -> None:
    with psycopg.connect(embedded.start(data_dir)) as connection:
        for name, value in {"fsync": "on", "synchronous_commit": "on", "TimeZone": "UTC"}.items():
            assert connection.execute("SELECT current_setting(%s)", [name]).fetchone() == (value,)


def test_nothing_listens_on_the_network(data_dir: Path) -> None:
    with psycopg.connect(embedded.start(data_dir)) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    socket_mode = (data_dir / "postgres" / ".s.PGSQL.5432").stat().st_mode & 0o777
    assert socket_mode == 0o700


@pytest.mark.parametrize("round_", range(3))
def test_a_killed_server_starts_again_with_every_acknowledged_row(data_dir: Path, round_: int) -> None:
    url = embedded.start(data_dir)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (round int, n int)")
        for number in range(50):
            connection.execute("INSERT INTO kept VALUES (%s, %s)", [round_, number])
    server = embedded.pid(data_dir)
    assert server is not None
    os.kill(server, signal.SIGKILL)
    assert (data_dir / "postgres" / "postmaster.pid").exists()

    with psycopg.connect(embedded.start(data_dir)) as connection:
        assert connection.execute("SELECT count(*) FROM kept WHERE round = %s", [round_]).fetchone() == (50,)


def test_a_lock_file_that_names_another_program_does_not_stop_the_start(data_dir: Path) -> None:
    embedded.start(data_dir)
    lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    embedded.stop(data_dir)
    lock_file = data_dir / "postgres" / "postmaster.pid"
    lock_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))

    assert not embedded.is_running(data_dir)
    embedded.start(data_dir)
    assert embedded.is_running(data_dir)


def test_the_server_outlives_the_python_that_started_it(data_dir: Path) -> None:
    embedded.stop(data_dir)
    program = (
        "import os, sys, pathlib; from risk.adapters import embedded;"
        "embedded.start(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(data_dir)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert embedded.is_running(data_dir)


def test_stop_ends_it_and_stopping_again_does_nothing(data_dir: Path) -> None:
    embedded.start(data_dir)
    embedded.stop(data_dir)
    assert not embedded.is_running(data_dir)
    embedded.stop(data_dir)
    assert not embedded.is_running(data_dir)


def test_a_path_too_long_for_a_socket_gets_a_short_folder(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    try:
        with psycopg.connect(embedded.start(folder)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        embedded.stop(folder, immediately=True)


def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(RuntimeFault, match="pg_ctl ended with"):
        embedded.start(tmp_path)
