"""A backup brought into another server is the same desk again; nothing that stands is written over."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from risk import cli
from risk.adapters import embedded, migrate, settings, store
from tests.web import filled

HOSTILE = "'; DROP SCHEMA risk; --"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    for name in settings.PLACES | {f"RISK_{field.upper()}" for field in settings.Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    settings.load.cache_clear()
    yield tmp_path
    settings.load.cache_clear()


@pytest.fixture
def other_server() -> Iterator[Path]:
    """Data directory in which a second server may come up; it stops at the end.

    Not in tmp_path: the server is another user's where root tests, and pytest closes that folder to others.
    """
    with tempfile.TemporaryDirectory(prefix="risk-other-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
        embedded.stop(Path(folder), immediately=True)


def use(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    monkeypatch.delenv("RISK_DATABASE_URL", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings.load.cache_clear()


def contents(url: str) -> dict[str, int]:
    """Rows by table, without partitions' own names."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'risk' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        ).fetchall()
        return {
            name: connection.execute(f"SELECT count(*) FROM risk.{name}").fetchone()[0]  # type: ignore[index]
            for (name,) in names
        }


def test_a_place_that_cannot_be_written_to_is_named_with_what_helps(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "file").touch()
    assert cli.main(["db", "backup", str(home / "file" / "backups")]) == 2
    said = capsys.readouterr().err
    assert f"{home / 'file' / 'backups'}: no backup can be written there (Not a directory)" in said
    assert said.strip().endswith("name a folder that you may write to")


def test_a_backup_restored_on_another_server_holds_the_same_rows(
    monkeypatch: pytest.MonkeyPatch, database_url: str, home: Path, other_server: Path
) -> None:
    filled.fill(database_url, ("BTCUSDT", HOSTILE))
    before = contents(database_url)
    assert before["score"] > 0 and before["depth"] > 0
    use(monkeypatch, RISK_DATABASE_URL=database_url)
    file = home / "desk.dump"
    assert cli.main(["db", "backup", str(file)]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    url = embedded.start(other_server)
    use(monkeypatch, RISK_DATA_DIR=str(other_server))
    assert cli.main(["db", "restore", str(file)]) == 0
    assert contents(url) == before
    assert migrate.current(url) == migrate.head()
    reader = embedded.url(other_server, role=embedded.READER)
    with psycopg.connect(reader) as connection:  # rights came with it
        found = connection.execute("SELECT count(*) FROM risk.depth WHERE symbol = %s", [HOSTILE]).fetchone()
        assert found is not None and found[0] > 0
        connection.rollback()
        connection.execute("SET TRANSACTION READ WRITE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM risk.score")
    store.dispose(url)


def test_a_database_with_scores_is_not_written_over(
    monkeypatch: pytest.MonkeyPatch, database_url: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.fill(database_url, ("BTCUSDT", HOSTILE))
    before = contents(database_url)
    use(monkeypatch, RISK_DATABASE_URL=database_url)
    assert cli.main(["db", "backup", "desk.dump"]) == 0
    assert cli.main(["db", "restore", "desk.dump"]) == 2
    assert "nothing was changed" in capsys.readouterr().err
    assert contents(database_url) == before
    assert cli.main(["db", "backup", "desk.dump"]) == 2, "an older backup is not written over either"


def test_a_file_that_is_no_backup_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, empty_database_url: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "broken.dump").write_bytes(b"PGDMP but not really")
    use(monkeypatch, RISK_DATABASE_URL=empty_database_url)
    assert cli.main(["db", "restore", "broken.dump"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("failed: pg_restore: ") and said.count("\n") == 1


def test_of_a_folder_so_many_backups_stay_and_other_files_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, database_url: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = home / "backups"
    folder.mkdir()
    for name in ("risk-20200101T000000Z.dump", "risk-20200102T000000Z.dump", "mine.dump", "notes.txt"):
        (folder / name).touch()
    use(monkeypatch, RISK_DATABASE_URL=database_url)
    assert cli.main(["db", "backup", str(folder), "--keep", "2"]) == 0
    left = sorted(file.name for file in folder.iterdir())
    assert left[:3] == ["mine.dump", "notes.txt", "risk-20200102T000000Z.dump"] and len(left) == 4
    assert "1 older deleted" in capsys.readouterr().out
