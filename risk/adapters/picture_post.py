"""Pictures beside texts: drawn once for all channels, enclosed where they are ready, else sent after.

A text never waits for a picture, but a mail for a moment; and a picture never waits with the texts: each
channel's pictures go by a thread of their own. What became of one is noted beside the delivery.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from uuid import UUID

from risk.adapters import notify
from risk.adapters.notify import Channel
from risk.errors import DeliveryError, PictureError, StoreError
from risk.records import Message

log = logging.getLogger(__name__)

MAIL_WAITS_S, URGENT_MAIL_WAITS_S = 5.0, 1.0
LATE_AFTER_S = 30.0
PAUSE_S = 10.0
"""A channel that had a picture within these seconds gets none: texts may need its allowance."""
MOST_BYTES = 5 * 2**20  # the Bot API takes photos of 10 MB, many mail servers less
PNG = b"\x89PNG\r\n\x1a\n"
KEPT, REMEMBERED = 40, 50

Note = Callable[[UUID, str], None]


class Studio:
    """Has each message's picture drawn once, one at a time.

    Args:
        draw: (message, language, file) -> whether there was anything to draw. May raise.
    """

    def __init__(self, folder: Path, draw: Callable[[Message, str, Path], bool]) -> None:
        self._folder, self._draw = folder, draw
        self._lock = threading.Lock()
        self._ordered: OrderedDict[tuple[UUID, str], Future[Path | None]] = OrderedDict()
        self._wanted: SimpleQueue[tuple[Future[Path | None], Message, str]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def order(self, message: Message, language: str) -> Future[Path | None]:
        """The picture's file when it is drawn; None where there is nothing to draw."""
        key = (message.message_id, language)
        with self._lock:
            if key not in self._ordered:
                self._ordered[key] = Future()
                self._wanted.put((self._ordered[key], message, language))
            while len(self._ordered) > REMEMBERED:
                self._ordered.popitem(last=False)
            if self._thread is None:  # a daemon: a process that ends waits for no picture
                self._thread = threading.Thread(target=self._run, daemon=True, name="studio")
                self._thread.start()
            return self._ordered[key]

    def _run(self) -> None:
        while True:
            drawn, message, language = self._wanted.get()
            try:
                drawn.set_result(self._make(message, language))
            except (PictureError, StoreError, OSError) as cause:
                drawn.set_exception(cause)

    def _make(self, message: Message, language: str) -> Path | None:
        file = self._folder / f"{message.message_id.hex}-{language}.png"
        if not self._draw(message, language, file):
            return None
        drawn = sorted(self._folder.glob("*.png"), key=lambda each: each.stat().st_mtime)
        for old in drawn[:-KEPT]:
            old.unlink(missing_ok=True)
        return file


class PicturePost:
    """Pictures of one channel's messages.

    Args:
        channel: an object of its own, so that a picture under way is not in a text's way.
        order: the picture of a message, None where it has none.
        note: (message id, what became of its picture), may raise StoreError.
    """

    def __init__(
        self, channel: Channel, order: Callable[[Message], Future[Path | None] | None], note: Note
    ) -> None:
        self._channel, self._order, self._note = channel, order, note
        self._waiting: SimpleQueue[tuple[Message, Future[Path | None], float]] = SimpleQueue()
        self._shown_at = float("-inf")
        self._thread: threading.Thread | None = None

    def enclosure(self, message: Message) -> Path | None:
        """Begin the picture; for a mail, the file if it is ready within a moment."""
        drawn = self._order(message) if notify.takes_pictures(self._channel) else None
        if drawn is None or self._channel.kind != "mail":
            return None
        wait_for([drawn], timeout=URGENT_MAIL_WAITS_S if message.severity == "critical" else MAIL_WAITS_S)
        return _usable(drawn)[0] if drawn.done() else None

    def accepted(self, message: Message, enclosed: Path | None) -> None:
        """The channel took the text: what was not enclosed follows when it is drawn."""
        drawn = self._order(message) if notify.takes_pictures(self._channel) else None
        if enclosed is not None:
            self._write(message.message_id, "attached")
        elif drawn is not None:
            self._waiting.put((message, drawn, monotonic() + LATE_AFTER_S))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="pictures")
                self._thread.start()

    def _run(self) -> None:
        while True:
            self.step()

    def step(self) -> None:
        """Wait for the next picture, send it, and note what became of it."""
        message, drawn, late_at = self._waiting.get()
        wait_for([drawn], timeout=max(0.0, late_at - monotonic()))
        file, fate = _usable(drawn) if drawn.done() else (None, "late")
        if file is not None:
            fate = self._show(message, file)
        if fate:
            self._write(message.message_id, fate)

    def _show(self, message: Message, file: Path) -> str:
        if monotonic() - self._shown_at < PAUSE_S:
            return "left out"
        self._shown_at = monotonic()
        try:
            notify.follow(self._channel, file, f"#{message.message_id.hex[:8]}")
        except DeliveryError as refused:
            log.warning(
                "channel %s: a picture did not follow its text: %s", self._channel.name, refused.reason
            )
            return "refused"
        return "followed"

    def _write(self, message_id: UUID, fate: str) -> None:
        try:
            self._note(message_id, fate)
        except StoreError as error:
            log.warning("channel %s: picture %s, not noted: %s", self._channel.name, fate, error)


def _usable(drawn: Future[Path | None]) -> tuple[Path | None, str]:
    """The file, or why there is none; neither where none was wanted."""
    try:
        file = drawn.result(timeout=0)
    except (PictureError, StoreError, OSError) as cause:
        log.warning("a picture was not drawn: %s", cause)
        return None, "not drawn"
    if file is None:
        return None, ""
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            is_png = opened.read(len(PNG)) == PNG
    except OSError:
        return None, "missing"
    if size > MOST_BYTES:
        return None, "too large"
    return (file, "") if is_png else (None, "broken")
