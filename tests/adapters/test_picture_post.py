"""Pictures beside texts: the text always arrives, with its picture, before it, or without it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from risk.adapters import easel, notify, picture_post, sketches
from risk.adapters.courier import Courier
from risk.adapters.easel import Sketch
from risk.adapters.picture_post import PNG, PicturePost, Studio
from risk.errors import PictureError
from risk.records import Message
from tests.adapters.sink_process import SinkProcess, running_sinks
from tests.adapters.test_courier import Box, message, render

AT = datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def sink_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SinkProcess]:
    with running_sinks(tmp_path_factory.mktemp("sinks")) as sinks:
        yield sinks


@pytest.fixture
def sinks(sink_process: SinkProcess) -> SinkProcess:
    sink_process.forget()
    sink_process.fault("photo", "")
    return sink_process


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "picture.png"
    file.write_bytes(PNG + b"x" * 1000)
    return file


class Wall:
    """A picture that comes when it is told to, and what is noted of it."""

    def __init__(self) -> None:
        self.drawn: Future[Path | None] = Future()
        self.noted: list[tuple[UUID, str]] = []
        self.has_noted = threading.Event()

    def note(self, message_id: UUID, fate: str) -> None:
        self.noted.append((message_id, fate))
        self.has_noted.set()

    def fate(self) -> str:
        assert self.has_noted.wait(timeout=20)
        return self.noted[-1][1]

    def post(self, channel: notify.Channel) -> PicturePost:
        return PicturePost(channel, lambda _message: self.drawn, self.note)


def opened(sinks: SinkProcess, kind: str) -> notify.Channel:
    url = sinks.telegram_url if kind == "telegram" else sinks.mail_url
    return notify.open_channel(kind, url, telegram_api_base=sinks.bot_base)


def courier(sinks: SinkProcess, kind: str, box: Box, wall: Wall) -> Courier:
    post = wall.post(opened(sinks, kind))
    return Courier(opened(sinks, kind), box.outbox(), render, chance=lambda: 0.0, pictures=post)


def test_a_photo_follows_its_text_and_names_it(sinks: SinkProcess, picture: Path) -> None:
    box, wall = Box([message(severity="critical")]), Wall()
    courier(sinks, "telegram", box, wall).step()
    assert box.outcomes() == [("accepted", "")]  # before the picture is there at all
    wall.drawn.set_result(picture)
    assert wall.fate() == "followed"
    (photo,) = sinks.accepted("photo")
    assert photo["files"] == {"picture.png": 1008}
    assert photo["caption"].strip() == f"#{box.waiting[0].message_id.hex[:8]}"
    assert len(sinks.accepted("telegram")) == 1


def test_a_mail_carries_the_picture_that_is_ready(sinks: SinkProcess, picture: Path) -> None:
    box, wall = Box([message(severity="critical")]), Wall()
    wall.drawn.set_result(picture)
    courier(sinks, "mail", box, wall).step()
    (letter,) = sinks.accepted("mail")
    assert letter["files"] == {"picture.png": 1008}
    assert wall.fate() == "attached"


def test_a_mail_goes_without_the_picture_that_is_late_and_another_brings_it(
    sinks: SinkProcess, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_post, "URGENT_MAIL_WAITS_S", 0.05)
    box, wall = Box([message(severity="critical")]), Wall()
    courier(sinks, "mail", box, wall).step()
    assert box.outcomes() == [("accepted", "")]
    wall.drawn.set_result(picture)
    assert wall.fate() == "followed"
    first, second = sinks.accepted("mail")
    assert (first["files"], second["files"]) == ({}, {"picture.png": 1008})


def too_large(folder: Path) -> Path:
    file = folder / "large.png"
    file.write_bytes(PNG + bytes(12 * 2**20))
    return file


def broken(folder: Path) -> Path:
    file = folder / "broken.png"
    file.write_bytes(b"no picture")
    return file


# FAULTS.md N6: "PNG 12 MB or missing: text arrives even if the picture cannot".
@pytest.mark.parametrize("kind", ["telegram", "mail"])
@pytest.mark.parametrize(
    ("make", "fate"),
    [(too_large, "too large"), (broken, "broken"), (lambda folder: folder / "gone.png", "missing")],
)
def test_the_text_arrives_although_the_picture_cannot(
    sinks: SinkProcess, tmp_path: Path, kind: str, make: object, fate: str
) -> None:
    box, wall = Box([message(severity="critical")]), Wall()
    assert callable(make)
    wall.drawn.set_result(make(tmp_path))
    courier(sinks, kind, box, wall).step()
    assert box.outcomes() == [("accepted", "")]
    assert len(sinks.accepted(kind)) == 1
    assert wall.fate() == fate
    assert sinks.accepted("photo") == []


def test_a_picture_that_is_never_drawn_is_noted_as_late(
    sinks: SinkProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_post, "LATE_AFTER_S", 0.05)
    box, wall = Box([message(severity="critical")]), Wall()
    courier(sinks, "telegram", box, wall).step()
    assert wall.fate() == "late"
    assert len(sinks.accepted("telegram")) == 1


def test_a_refused_photo_neither_repeats_nor_fails_its_text(sinks: SinkProcess, picture: Path) -> None:
    sinks.fault("photo", "502")
    box, wall = Box([message(severity="critical")]), Wall()
    wall.drawn.set_result(picture)
    one = courier(sinks, "telegram", box, wall)
    one.step()
    assert wall.fate() == "refused"
    one.step()
    assert len(sinks.accepted("telegram")) == 1
    assert one.failures == 0


def test_a_mail_that_was_refused_with_its_picture_goes_alone(sinks: SinkProcess, picture: Path) -> None:
    box, wall = Box([message(severity="critical")]), Wall()
    wall.drawn.set_result(picture)
    one = courier(sinks, "mail", box, wall)
    sinks.fault("mail", "550", times=1)
    one.step()
    box.next_try_at.clear()
    one.step()
    assert [outcome for outcome, _ in box.outcomes()] == ["retry", "accepted"]
    assert sinks.accepted("mail")[0]["files"] == {}


def test_a_channel_gets_no_second_picture_at_once(sinks: SinkProcess, picture: Path) -> None:
    box, wall = Box([message(severity="critical"), message(severity="critical")]), Wall()
    wall.drawn.set_result(picture)
    one = courier(sinks, "telegram", box, wall)
    one.step()
    one.step()
    while len(wall.noted) < 2:
        assert wall.has_noted.wait(timeout=20)
    assert [fate for _, fate in wall.noted] == ["followed", "left out"]
    assert len(sinks.accepted("telegram")) == 2


def test_a_message_is_drawn_once_for_all_channels_of_its_language(tmp_path: Path) -> None:
    drawn = []

    def draw(told: Message, language: str, file: Path) -> bool:
        drawn.append((told.message_id, language))
        file.write_bytes(PNG)
        return True

    studio, told = Studio(tmp_path, draw), message()
    files = {studio.order(told, language).result(timeout=20) for language in ("en", "en", "zh")}
    assert sorted(language for _, language in drawn) == ["en", "zh"]
    assert len(files) == 2


def test_only_the_newest_pictures_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_post, "KEPT", 3)
    studio = Studio(tmp_path, lambda _told, _language, file: bool(file.write_bytes(PNG)))
    for _ in range(5):
        studio.order(message(), "en").result(timeout=20)
    assert len(list(tmp_path.glob("*.png"))) == 3


# --- what is drawn ---------------------------------------------------------------------------------


def series(values: list[float]) -> tuple[list[float], list[float]]:
    return [AT + 300 * i for i in range(len(values))], values


def test_a_sketch_is_drawn_by_a_process_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "pictures" / "one.png"
    wanted = Sketch(
        scope="BTCUSDT", language="en", prices=series([100.0, 99.0, 98.0]), scores=series([40.0, 55.0, 70.0]),
        marks={"liquidation": 90.0, "stop": None, "entry": 101.0},
    )  # fmt: skip
    easel.draw(wanted, file, timeout_s=60)
    # 880 by 792: 8 inches by 4 and four fifths of 4 again, 110 points each (PNG specification: IHDR first).
    assert file.read_bytes()[16:24] == (880).to_bytes(4, "big") + (792).to_bytes(4, "big")
    assert [each.name for each in file.parent.iterdir()] == ["one.png"]


def test_what_cannot_be_drawn_leaves_no_file_and_says_why(tmp_path: Path) -> None:
    file = tmp_path / "none.png"
    with pytest.raises(PictureError, match="two points"):
        easel.draw(Sketch(scope="BTCUSDT", language="en"), file, timeout_s=60)
    assert list(tmp_path.iterdir()) == []


def test_a_drawing_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="not drawn within"):
        easel.draw(Sketch(scope="BTCUSDT", language="en"), tmp_path / "none.png", timeout_s=0.001)


def told(*items: tuple[str, str, str]) -> Message:
    one = message(severity="critical")
    return replace(
        one, items=tuple({"name": name, "scope": scope, "kind": kind} for name, scope, kind in items)
    )


@pytest.mark.parametrize(
    ("items", "scope"),
    [
        ([("liquidation_distance", "BTCUSDT/LONG", "fired")], "BTCUSDT/LONG"),
        ([("stale_data", "depth", "fired"), ("level", "ETHUSDT", "escalated")], "ETHUSDT"),
        ([("level", "ETHUSDT", "resolved"), ("level", "SOLUSDT", "reminder")], None),
        ([("key_rejected", "account", "fired")], None),
    ],
)
def test_new_and_worse_alerts_that_a_price_explains_have_a_picture(
    items: list[tuple[str, str, str]], scope: str | None
) -> None:
    assert sketches.subject(told(*items)) == scope


def test_a_sketch_has_the_stored_prices_scores_and_lines(db: Connection) -> None:
    now = datetime.now(UTC)
    for minute in range(20):
        at = now - timedelta(minutes=20 - minute)
        db.execute(
            text(
                "INSERT INTO risk.mark (symbol, mark_price, index_price, funding_rate, next_funding_at,"
                " event_at, received_at, source) VALUES ('BTCUSDT', :p, :p, 0.0001, :at, :at, :at, 'rest')"
            ),
            {"p": 50_000 + minute, "at": at},
        )
    one = replace(told(("liquidation_distance", "BTCUSDT/LONG", "fired")), created_at=now)
    wanted = sketches.sketch(db, one, account="default", language="zh", level_starts=(31, 61, 86))
    assert wanted is not None
    assert wanted.prices[1] == [50_000.0 + minute for minute in range(20)]
    assert (wanted.scores, wanted.marks) == (([], []), {})
    assert wanted.language == "zh"


def test_without_prices_and_scores_there_is_no_picture(db: Connection) -> None:
    one = told(("level", "BTCUSDT", "fired"))
    assert sketches.sketch(db, one, account="default", language="en", level_starts=(31, 61, 86)) is None
