"""The database of the settings from outside a running desk: its address, psql, a server of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from risk.adapters import embedded
from risk.adapters.database_url import libpq_url
from risk.adapters.settings import Settings
from risk.errors import RuntimeFault, StoreError
from risk.runtime.hold import is_held

DEMO = "demo"


def folder(settings: Settings) -> Path:
    """The data directory of the desk that runs: the demo's while only that one does."""
    demo = settings.data_dir / DEMO
    return demo if is_held(demo) and not is_held(settings.data_dir) else settings.data_dir


def address(settings: Settings, *, role: str = embedded.SUPERUSER) -> str:
    """libpq URL of the database, whether it runs or not; `role` is that of the embedded one.

    A database of the user's own is met as whom its address names.

    Raises:
        SettingsError: the configured address is none.
    """
    place = folder(settings)
    if settings.database_url and place == settings.data_dir:
        return libpq_url(settings.database_url)
    return embedded.url(place, role=role)


@contextmanager
def reachable(settings: Settings, *, starts: bool = False, role: str = embedded.SUPERUSER) -> Iterator[str]:
    """URL of the database while it answers; `starts` starts an embedded one and stops it afterwards.

    Raises:
        StoreError: it does not answer; says how to start it.
    """
    url, place = address(settings, role=role), folder(settings)
    has_own = not settings.database_url and starts and not embedded.is_running(place)
    if has_own:
        try:
            embedded.start(place)
        except OSError as cause:
            reason = cause.strerror or type(cause).__name__
            raise StoreError(f"no database can be made in {place} ({reason}): set RISK_DATA_DIR") from None
    try:
        try:
            with psycopg.connect(url, connect_timeout=3):
                pass
        except psycopg.OperationalError as cause:
            raise StoreError(_unanswered(settings, cause)) from None
        yield url
    finally:
        if has_own:
            embedded.stop(place)


def _unanswered(settings: Settings, cause: psycopg.OperationalError) -> str:
    """Why the database does not answer, and what helps: ours is started, another's address is checked."""
    place = folder(settings)
    has_address = settings.database_url and place == settings.data_dir
    if not has_address and not embedded.is_running(place):
        return f"the database does not answer: none runs in {place}; `risk up` or `risk demo` starts it"
    reason = " ".join(str(cause).strip().splitlines()[0].split()).rstrip(".")
    remedy = "check database_url and that server" if has_address else "see logs in the data directory"
    return f"the database does not answer ({reason}): {remedy}"


def open_shell(settings: Settings) -> int:
    """psql's exit status, on the database of the settings.

    Raises:
        RuntimeFault: there is no psql.
        StoreError: the database does not answer, or there is none yet.
    """
    program = shutil.which("psql")
    if program is None:
        try:
            program = str(embedded.psql_path())
        except RuntimeFault:
            raise RuntimeFault(
                "there is no psql here: use any client with the address of `risk db url`"
            ) from None
    place = folder(settings)
    if not settings.database_url and not embedded.is_made(place):
        raise StoreError(
            f"there is no database in {place} yet: `risk up`, `risk demo` or `risk db migrate` makes it"
        )
    with reachable(settings, starts=True) as url:
        return subprocess.call([program, url])
