"""`risk db backup` and `risk db restore`: the schema `risk` as one file of pg_dump, and back again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from risk.adapters import embedded, migrate
from risk.adapters.settings import Settings
from risk.errors import RuntimeFault, SettingsError, StoreError
from risk.runtime.database import folder, reachable
from risk.runtime.hold import is_held

SUFFIX = ".dump"
_MADE_HERE = re.compile(r"risk-\d{8}T\d{6}Z\.dump")
_VARIABLES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
    "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}  # fmt: skip


def backup(settings: Settings, into: Path, *, keep: int) -> tuple[Path, int]:
    """Write one backup, readable by its owner alone; the file, and how many older ones were deleted.

    Args:
        into: a file, or a folder: there the name is made of the time, and only `keep` such files stay.

    Raises:
        SettingsError: the file is there already, or the place cannot be written to.
        StoreError: the database does not answer, or pg_dump refused.
        RuntimeFault: there is no pg_dump.
    """
    is_file = into.suffix == SUFFIX
    target = into if is_file else into / f"risk-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"
    if target.exists():
        raise SettingsError(f"{target}: there already; name another file")
    draft = target.with_name(f".{target.name}.part")
    _make(draft)
    try:
        with reachable(settings, starts=True) as url:
            _run("pg_dump", ["--schema=risk", "--format=custom", f"--file={draft}"], url)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target, 0 if is_file else _forget(into, keep)


def restore(settings: Settings, file: Path) -> str:
    """Bring a backup into a database that holds no scores, then up to date; the schema's revision.

    Raises:
        SettingsError: the database holds scores already, or a desk works on it.
        StoreError: the database does not answer, or pg_restore refused; the database then holds no schema.
    """
    if is_held(folder(settings)):
        raise SettingsError(f"a desk runs in {folder(settings)}: stop it first")
    with reachable(settings, starts=True) as url:
        if scores := _scores(url):
            raise SettingsError(
                f"the database holds {scores} scores or more: nothing was changed. Restore into an empty one:"
                " another RISK_DATA_DIR, or another database in RISK_DATABASE_URL"
            )
        migrate.upgrade(url)  # makes the roles that the file names as owners
        with psycopg.connect(url) as connection:
            connection.execute("DROP SCHEMA risk CASCADE")
        _run(
            "pg_restore",
            ["--exit-on-error", "--single-transaction", f"--dbname={_name(url)}", str(file)],
            url,
        )
        return migrate.upgrade(url)


def _make(draft: Path) -> None:
    """An empty file that its owner alone may read, and the folder for it."""
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as cause:
        raise SettingsError(
            f"{draft.parent}: no backup can be written there ({cause.strerror}): name a folder that you may"
            " write to"
        ) from None


def _scores(url: str) -> int:
    """Scores in the database, counted up to a thousand."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT to_regclass('risk.score') IS NOT NULL").fetchone()
        if found is None or not found[0]:
            return 0
        counted = connection.execute(
            "SELECT count(*) FROM (SELECT FROM risk.score LIMIT 1000) AS s"
        ).fetchone()
        return int(counted[0]) if counted else 0


def _forget(place: Path, keep: int) -> int:
    """Delete all but the newest `keep` files that this command named."""
    made = sorted(file for file in place.iterdir() if _MADE_HERE.fullmatch(file.name))
    old = made[:-keep] if keep else []
    for file in old:
        file.unlink()
    return len(old)


def _run(name: str, arguments: list[str], url: str) -> None:
    program = _program(name)
    environment = os.environ | _address(url)
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StoreError(f"{name}: {' '.join(done.stderr.split())[:500]}")


def _program(name: str) -> str:
    """The wheel's own program, which is as new as any server; else the system's."""
    try:
        return str(embedded.tool_path(name))
    except RuntimeFault:
        found = shutil.which(name)
        if found is None:
            raise RuntimeFault(f"there is no {name} here: install PostgreSQL's client programs") from None
        return found


def _address(url: str) -> Mapping[str, str]:
    """The address as libpq's variables: a password on a command line can be read by everybody."""
    parts = conninfo_to_dict(url)
    return {variable: str(parts[key]) for key, variable in _VARIABLES.items() if parts.get(key) is not None}


def _name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])
