"""Where files of history come from: the public archive's address, or a folder laid out like it.

A file counts only with its SHA-256: an address has to serve NAME.CHECKSUM beside NAME, a folder may.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import httpx
import stamina

from risk.errors import (
    DataError,
    PayloadError,
    RateLimitError,
    RejectedError,
    SettingsError,
    UnreachableError,
)

PUBLIC = "https://data.binance.vision"
PATIENCE_S = 30.0
TRIES = 4
MOST_BYTES = 1_000_000_000
"""Of one zipped file."""
_SUM = re.compile(r"^([0-9a-fA-F]{64})(?:\s+\*?(\S+))?\s*$")


class ChecksumError(DataError):
    """A file is not the one that its checksum was made of."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file's bytes, their SHA-256, and whether a checksum beside it said the same."""

    body: bytes
    sha256: str
    is_verified: bool


class Source(Protocol):
    """What serves files by path."""

    def fetch(self, path: str) -> Fetched | None:
        """The file, None where there is none.

        Raises:
            ChecksumError: it is damaged, or at an address without a checksum.
            ExchangeError: no usable answer.
        """
        ...


@contextmanager
def opened(place: str) -> Iterator[Source]:
    """The source at an address or in a folder.

    Raises:
        SettingsError: neither https:// (http on 127.0.0.1) nor a folder.
    """
    if place.startswith(("https://", "http://127.0.0.1")):
        with httpx.Client(
            timeout=PATIENCE_S, trust_env=False, headers={"User-Agent": "crypto-risk"}
        ) as client:
            yield Web(place.rstrip("/"), client)
        return
    folder = Path(place).expanduser()
    if "://" in place or not folder.is_dir():
        raise SettingsError(f"--source {place}: name a folder, or an address that begins with https://")
    yield Folder(folder)


@dataclass(frozen=True, slots=True)
class Folder:
    """Files below a folder."""

    root: Path

    def fetch(self, path: str) -> Fetched | None:
        """The file, checked where a checksum lies beside it."""
        place = self.root / PurePosixPath(path)
        if not place.is_file():
            return None
        body, beside = place.read_bytes(), place.with_name(f"{place.name}.CHECKSUM")
        told = beside.read_bytes() if beside.is_file() else None
        return checked(path, body, told)


@dataclass(frozen=True, slots=True)
class Web:
    """Files below an address."""

    base: str
    client: httpx.Client

    def fetch(self, path: str) -> Fetched | None:
        """The file, always checked; what arrived damaged is asked for once more."""
        for is_last in (False, True):
            body = self._get(path)
            if body is None:
                return None
            told = self._get(f"{path}.CHECKSUM")
            if told is None:
                raise ChecksumError(f"{path}: {self.base} has no checksum for it; nothing of it was stored")
            try:
                return checked(path, body, told)
            except ChecksumError:
                if is_last:
                    raise
        raise AssertionError("unreachable")

    def _get(self, path: str) -> bytes | None:
        for attempt in stamina.retry_context(
            on=UnreachableError, attempts=TRIES, timeout=None, wait_initial=0.5, wait_max=5.0
        ):
            with attempt:
                return self._try(path)
        raise UnreachableError(f"{path}: no attempt was made")

    def _try(self, path: str) -> bytes | None:
        try:
            with self.client.stream("GET", f"{self.base}/{path}") as response:
                status = response.status_code
                if status == 404:
                    return None
                if status == 429:
                    raise RateLimitError(f"{path}: too many requests", 60.0)
                if status >= 500:
                    raise UnreachableError(f"{path}: HTTP {status}")
                if status != 200:
                    raise RejectedError(f"{path}: HTTP {status}", status, 0)
                return _limited(path, response)
        except httpx.RequestError as cause:
            raise UnreachableError(f"{path}: {type(cause).__name__}: {cause}") from cause


def checked(path: str, body: bytes, told: bytes | None) -> Fetched:
    """The bytes with their SHA-256, compared with the text of a checksum file where there is one.

    Raises:
        ChecksumError: they differ, or the checksum is none or of another file; names both.
    """
    found = hashlib.sha256(body).hexdigest()
    if told is None:
        return Fetched(body, found, is_verified=False)
    match = _SUM.match(told.decode("utf-8", "replace").strip())
    name = path.rsplit("/", 1)[-1]
    if match is None or (match[2] or name).rsplit("/", 1)[-1] != name:
        raise ChecksumError(f"{path}: its checksum is none of it: {told[:100]!r}; nothing of it was stored")
    if match[1].lower() != found:
        raise ChecksumError(
            f"{path}: SHA-256 is {found}, its checksum says {match[1].lower()}: the file is damaged or was "
            "replaced; nothing of it was stored. Fetch it again later"
        )
    return Fetched(body, found, is_verified=True)


def _limited(path: str, response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            raise PayloadError(path, "", f"{len(body)} bytes and more", "too large to be true")
    return bytes(body)
