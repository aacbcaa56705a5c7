"""One stack per data directory: a locked file that says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from risk.errors import RuntimeFault, SettingsError

FILE = "stack.lock"


class HeldError(RuntimeFault):
    """Another stack holds the data directory; `holder` is what its file says."""

    def __init__(self, folder: Path, holder: dict[str, Any]) -> None:
        self.holder = holder
        super().__init__(
            f"{folder} is held by `risk {holder.get('command', '?')}`, process {holder.get('pid', '?')},"
            f" since {holder.get('since', '?')}: stop that one first, or set RISK_DATA_DIR to another folder"
        )


@contextmanager
def hold(folder: Path, command: str) -> Iterator[None]:
    """Hold `folder` until the block ends; the lock goes with the process, however that ends.

    Raises:
        HeldError: another process holds it.
        SettingsError: it cannot be written to.
    """
    with _opened(folder) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HeldError(folder, holder(folder) or {}) from None
        os.set_inheritable(handle.fileno(), False)
        said = {
            "pid": os.getpid(),
            "command": command,
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps(said))
        handle.flush()
        yield


def _opened(folder: Path) -> TextIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / FILE).open("a+")
    except OSError as cause:
        reason = cause.strerror or type(cause).__name__
        raise SettingsError(
            f"data_dir: {folder} cannot be written to ({reason}): set RISK_DATA_DIR to a folder of yours"
        ) from None


def holder(folder: Path) -> dict[str, Any] | None:
    """What the holder wrote into the file; None where none has been."""
    try:
        said = json.loads((folder / FILE).read_text() or "{}")
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return said if isinstance(said, dict) and said else None


def is_held(folder: Path) -> bool:
    """Whether a living process holds the folder.

    Raises:
        SettingsError: nobody but its owner may look.
    """
    try:
        with (folder / FILE).open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except BlockingIOError:
        return True
    except PermissionError:
        raise SettingsError(
            f"data_dir: {folder} cannot be looked at (Permission denied): be the user whose desk it is, or"
            " set RISK_DATA_DIR"
        ) from None
    return False
