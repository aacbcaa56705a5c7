"""Critical messages that the database could not take, kept in files until it can.

A file holds one message: a line with the message and the alerts that it tells of, then a line for each try
to deliver it, then zeros. Files are made ready while there is room and are written in place, so that a full
disk does not stop them. A file appears under its name only when its first line is on the disk whole, and a
line that a crash tore does not count.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from risk.adapters.store_codec import plain
from risk.errors import SpoolError
from risk.records import Alert, DeliveryAttempt, Message
from risk.state import Decision, TellingReason

log = logging.getLogger(__name__)

READY = 4  # files kept ready
READY_BYTES = 262_144  # an alert, its item and its reason are about 1.5 KB: room for 150 alerts at once
ROOM, WRITING, KEPT, BROKEN = ".room", ".writing", ".message", ".broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message and what the evaluation decided with it.

    Attributes:
        channels: name and least severity of each ordinary channel.
    """

    message: Message
    alerts: tuple[Alert, ...]
    tellings: tuple[TellingReason, ...]
    channels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try to deliver; `next_try_at` where it is to be repeated."""

    attempt: DeliveryAttempt
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What one file holds."""

    told: Told
    tries: tuple[Try, ...]

    def tries_of(self, channel: str) -> list[Try]:
        """Those of one channel, in order."""
        return [one for one in self.tries if one.attempt.channel == channel]


def told_by(decision: Decision, channels: Sequence[tuple[str, str]]) -> list[Told]:
    """What of an evaluation must not wait for the database: its critical messages."""
    kept = []
    for message in decision.messages:
        if message.severity == "critical":
            ids = {item["alert_id"] for item in message.items}
            kept.append(
                Told(
                    message=message,
                    alerts=tuple(alert for alert in decision.alerts if str(alert.alert_id) in ids),
                    tellings=tuple(t for t in decision.tellings if t.message_id == message.message_id),
                    channels=tuple(channels),
                )
            )
    return kept


class Spool:
    """The files of one folder, shared by the process that judges and the one that delivers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make_ready(self) -> None:
        """See to it that there are READY empty files; without room there are as many as there are."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for number in range(READY):
                room = self._folder / f"{number}{ROOM}"
                if not room.exists():
                    _write_new(room, bytes(READY_BYTES))
        except OSError as cause:
            log.warning("no room is kept for messages past the database: %s", cause.strerror)

    def keep(self, told: Told) -> None:
        """Write a message down; it is on the disk when this returns. The same one again changes nothing.

        Raises:
            SpoolError: neither a file made ready nor room for another.
        """
        file = self._file(told.message)
        line = json.dumps(asdict(told), default=plain, allow_nan=False).encode() + b"\n"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if file.exists():
                return
            place = file.with_suffix(WRITING)
            for room in sorted(self._folder.glob(f"*{ROOM}")):
                with contextlib.suppress(FileNotFoundError):
                    room.rename(place)
                    break
            _write_in_place(place, line)
            place.rename(file)
            _sync_folder(self._folder)
        except OSError as cause:
            raise SpoolError(f"a message could not be kept in {self._folder}: {cause.strerror}") from cause

    def waiting(self) -> list[Kept]:
        """What is kept, oldest first."""
        found = (_read(file) for file in self._files())
        return [kept for kept in found if kept is not None]

    @contextlib.contextmanager
    def taken(self, message_id: UUID) -> Iterator[Kept | None]:
        """A message that nobody else changes meanwhile; its file is gone when the block ends well.

        None when somebody has it, or took it before.
        """
        for file in self._files(message_id):
            with _locked(file, waits=False) as handle:
                kept = _read(file) if handle is not None else None
                yield kept
                if kept is not None:
                    file.unlink(missing_ok=True)
                    _sync_folder(self._folder)
                return
        yield None

    def note(self, one: Try) -> bool:
        """Write one try beside its message; False when the message is not kept here (any more).

        Raises:
            SpoolError: the disk does not take it.
        """
        for file in self._files(one.attempt.message_id):
            with _locked(file) as handle:
                if handle is None:
                    return False
                line = json.dumps(asdict(one), default=plain, allow_nan=False).encode() + b"\n"
                try:
                    os.pwrite(handle, line, _end(os.pread(handle, os.fstat(handle).st_size, 0)))
                    os.fsync(handle)
                except OSError as cause:
                    raise SpoolError(f"a try was not noted in {self._folder}: {cause.strerror}") from cause
                return True
        return False

    def _files(self, message_id: UUID | None = None) -> list[Path]:
        which = "*" if message_id is None else f"*-{message_id.hex}"
        return sorted(self._folder.glob(f"{which}{KEPT}"))

    def _file(self, message: Message) -> Path:
        """Named by time and id, so that names sort as the messages were made."""
        made_at = message.created_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")
        return self._folder / f"{made_at}-{message.message_id.hex}{KEPT}"


@contextlib.contextmanager
def _locked(file: Path, *, waits: bool = True) -> Iterator[int | None]:
    """A file that nobody else has locked; None when it is gone, or locked and `waits` is false."""
    try:
        handle = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        yield None
        return
    try:
        yield handle if os.fstat(handle).st_nlink else None
    finally:
        os.close(handle)


def _read(file: Path) -> Kept | None:
    """What a file holds; None where it is gone or holds no message, which puts it aside."""
    try:
        body = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as cause:
        log.error("%s cannot be read: %s", file, cause.strerror)
        return None
    first, *others = body[: _end(body)].split(b"\n")
    try:
        told = msgspec.json.decode(first, type=Told)
    except msgspec.MsgspecError as cause:
        log.error("%s holds no message: %s", file, cause)
        with contextlib.suppress(OSError):
            file.rename(file.with_suffix(BROKEN))
        return None
    return Kept(told=told, tries=tuple(_tries(file, filter(None, others))))


def _tries(file: Path, lines: Iterable[bytes]) -> Iterator[Try]:
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=Try)
        except msgspec.MsgspecError as cause:
            log.error("%s: a try that cannot be read: %s", file, cause)


def _end(body: bytes) -> int:
    """Where the next line goes: behind the last whole one.

    >>> _end(b"one\\ntwo\\nto\\0\\0"), _end(bytes(3))
    (8, 0)
    """
    return body.rfind(b"\n") + 1


def _write_in_place(place: Path, line: bytes) -> None:
    handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        written = 0
        while written < len(line):
            written += os.pwrite(handle, line[written:], written)
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_new(file: Path, body: bytes) -> None:
    """A file with this body, or none."""
    begun = file.with_suffix(".begun")
    try:
        begun.unlink(missing_ok=True)
        _write_in_place(begun, body)
        begun.rename(file)
    except OSError:
        begun.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
