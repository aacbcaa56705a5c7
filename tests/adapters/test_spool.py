"""Messages kept on the disk: whole or not at all, each try beside its message, gone once recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from risk.adapters.spool import READY, READY_BYTES, Spool, Told, Try, told_by
from risk.errors import SpoolError
from risk.records import DeliveryAttempt
from tests.risk.builders import NOW, Desk

CHANNELS = (("phone", "info"), ("mail", "warning"))


def told(at: datetime = NOW) -> Told:
    """What a desk says whose exchange has not answered for two minutes."""
    desk = Desk(now=at)
    decision = desk.see(facts={"exchange_answered_at": at.timestamp() - 120})
    (one,) = told_by(decision, CHANNELS)
    return one


def tried(one: Told, attempt: int = 1, outcome: str = "accepted") -> Try:
    return Try(
        attempt=DeliveryAttempt(
            message_id=one.message.message_id, channel="phone", attempt=attempt, tried_at=NOW,
            outcome=outcome, reason="", retry_after_s=None, duration_ms=12,
        ),
        next_try_at=NOW + timedelta(seconds=1) if outcome == "retry" else None,
    )  # fmt: skip


def test_a_message_comes_back_with_its_alerts_its_reasons_and_its_tries(tmp_path: Path) -> None:
    spool, one = Spool(tmp_path / "spool"), told()
    spool.keep(one)
    assert spool.note(tried(one, 1, "retry"))
    assert spool.note(tried(one, 2))
    (kept,) = Spool(tmp_path / "spool").waiting()
    assert kept.told == one
    assert [(alert.name, alert.phase) for alert in kept.told.alerts] == [("exchange_unreachable", "firing")]
    assert kept.told.tellings[0].message_id == one.message.message_id
    assert kept.tries == (tried(one, 1, "retry"), tried(one, 2))
    assert (len(kept.tries_of("phone")), kept.tries_of("mail")) == (2, [])


def test_what_is_not_critical_waits_for_the_database() -> None:
    decision = Desk().see(facts={"exchange_answered_at": NOW.timestamp() - 120})
    lesser = replace(decision, messages=(replace(decision.messages[0], severity="warning"),))
    assert told_by(lesser, CHANNELS) == []


def test_the_oldest_comes_first_and_the_same_one_twice_is_one(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    late, early = told(NOW + timedelta(hours=1)), told()
    for one in (late, early, late):
        spool.keep(one)
    assert [kept.told for kept in spool.waiting()] == [early, late]


def test_a_file_made_ready_is_written_in_place_so_that_a_full_disk_does_not_matter(tmp_path: Path) -> None:
    spool, one = Spool(tmp_path), told()
    spool.make_ready()
    rooms = sorted(tmp_path.iterdir())
    assert [room.stat().st_size for room in rooms] == [READY_BYTES] * READY
    blocks = sum(room.stat().st_blocks for room in rooms)
    spool.keep(one)
    spool.note(tried(one))
    files = sorted(tmp_path.iterdir())
    assert [file.stat().st_size for file in files] == [READY_BYTES] * READY
    assert sum(file.stat().st_blocks for file in files) == blocks
    assert spool.waiting()[0].tries == (tried(one),)
    spool.make_ready()
    assert len(list(tmp_path.glob("*.room"))) == READY


def test_a_line_that_a_crash_tore_does_not_count_and_the_next_takes_its_place(tmp_path: Path) -> None:
    spool, one = Spool(tmp_path), told()
    spool.keep(one)
    (file,) = tmp_path.iterdir()
    with file.open("ab") as torn:
        torn.write(b'{"attempt": {"message_id": "')
    assert spool.waiting()[0].tries == ()
    spool.note(tried(one))
    assert spool.waiting()[0].tries == (tried(one),)


def test_a_file_that_was_not_finished_is_no_message(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "20260302T120000.000000-beef.writing").write_bytes(b'{"message"')
    assert spool.waiting() == []


def test_a_file_that_holds_no_message_is_said_once_and_put_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool, one = Spool(tmp_path), told()
    spool.keep(one)
    (tmp_path / "20260302T120000.000000-beef.message").write_bytes(b"{}\n")
    for _ in range(2):
        assert [kept.told for kept in spool.waiting()] == [one]
    assert caplog.text.count("holds no message") == 1
    assert (tmp_path / "20260302T120000.000000-beef.broken").exists()


def test_a_message_is_gone_once_it_is_recorded_and_stays_when_that_fails(tmp_path: Path) -> None:
    spool, one = Spool(tmp_path), told()
    spool.keep(one)
    with pytest.raises(ValueError, match="refused"), spool.taken(one.message.message_id):
        raise ValueError("refused")
    with spool.taken(one.message.message_id) as kept:
        assert kept is not None
        with spool.taken(one.message.message_id) as also:
            assert also is None  # somebody has it
    assert spool.waiting() == []
    assert not spool.note(tried(one))
    with spool.taken(one.message.message_id) as kept:
        assert kept is None


def test_an_unknown_message_takes_no_note(tmp_path: Path) -> None:
    spool, one = Spool(tmp_path), told()
    spool.keep(one)
    other = replace(tried(one).attempt, message_id=uuid4(), tried_at=datetime.now(UTC))
    assert not spool.note(Try(attempt=other, next_try_at=None))


def test_a_folder_that_cannot_be_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spool = Spool(tmp_path / "file")
    with pytest.raises(SpoolError, match="file"):
        spool.keep(told())
    spool.make_ready()  # said in the log, and no reason to stop
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
