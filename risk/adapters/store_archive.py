"""Which files of history are in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection

from risk.adapters.store_engine import rows, run
from risk.archived import ArchiveFile


def stored_files(db: Connection, paths: Sequence[str]) -> dict[str, str]:
    """SHA-256 of those of the files that were stored whole, by path."""
    return {row["path"]: row["sha256"] for row in rows(db, "archive_files", paths=list(paths))}


def save_archive_file(db: Connection, file: ArchiveFile) -> None:
    """Remember a file that was stored whole."""
    run(db, "save_archive_file", **asdict(file))
