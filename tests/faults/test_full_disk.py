"""A volume that is truly full: told before, told without the database, recorded once when there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from risk import pulse
from risk.adapters import embedded, migrate, settings, store
from risk.adapters import spool as messages
from risk.adapters.settings import Settings
from risk.errors import SpoolError, StoreError
from risk.runtime.heartbeat import Beside, Heartbeat
from risk.runtime.spool import Spool
from tests.adapters import rows as x
from tests.adapters.test_spool import told, tried

VOLUME_MIB = 400
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A small volume in memory; skips where mounting is not allowed."""
    place = tmp_path / "volume"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={VOLUME_MIB}m,mode=0755", "tmpfs", str(place)]
    try:
        done = subprocess.run(mounting, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount on this machine: a full volume cannot be made")
    if done.returncode != 0:
        pytest.skip(f"a volume may not be mounted here: {done.stderr.strip()}")
    yield place
    embedded.stop(place, immediately=True)
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(file: Path) -> None:
    """Write until the volume takes no more."""
    with file.open("ab", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"\0" * 65536)
        except OSError:
            os.fsync(ballast.fileno())


def configured(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("RISK_DATA_DIR", str(folder))
    monkeypatch.setenv("RISK_DATABASE_URL", url)
    monkeypatch.setattr(pulse, "LEAST_FREE_BYTES", 100 * 2**20)  # of a volume of 400 MiB, not of a disk
    settings.load.cache_clear()
    return settings.load()


def write_until_refused(url: str) -> int:
    """How many rows the database acknowledged before it took no more."""
    taken = 0
    with pytest.raises(StoreError):
        while True:
            at = x.MARK.event_at + timedelta(seconds=taken)
            with store.connect(url) as db:
                store.save(db, [replace(x.MARK, event_at=at)])
            taken += 1
    return taken


@pytest.mark.slow
@pytest.mark.faults
def test_a_full_volume_is_told_of_and_costs_nothing_that_was_acknowledged(
    volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(volume)
    url = embedded.start(volume)
    migrate.upgrade(url)
    config = configured(volume, url, monkeypatch)
    told: list[str] = []
    spool = Spool(volume)

    def send(title: str, body: str) -> None:
        told.append(body)
        spool.note("phone", title, body, datetime.now(UTC))

    heart = Heartbeat(config, Beside(config, url, spool=spool), send)
    (volume / "most").write_bytes(b"\0" * (shutil.disk_usage(volume).free - 80 * 2**20))
    assert "nearly full" in heart.beat(NOON, 5.0)  # the database still answers
    assert ["nearly full" in body for body in told] == [True]

    fill(volume / "ballast")
    acknowledged = write_until_refused(url)
    heart.close()
    told_before = len(told)
    heart = Heartbeat(
        config, Beside(config, url, spool=spool), send
    )  # another process's first looks, at a full volume
    for second in range(5, 20, 5):
        heart.beat(NOON, float(second))
    heart.close()
    assert len(told) == told_before + 1

    (volume / "ballast").unlink()
    (volume / "most").unlink()
    store.dispose(url)
    embedded.start(volume)  # recovers by itself once there is room
    with store.connect(url) as db:
        assert db.execute(text("SELECT count(*) FROM risk.mark")).scalar() == acknowledged
    spool.replay(url)
    assert spool.replay(url) == 0
    with store.connect(url) as db:
        recorded = db.execute(
            text("SELECT count(*) FROM risk.delivery WHERE state = 'accepted'")
        ).scalar_one()
    assert 1 <= recorded <= len(told)
    store.dispose(url)
    settings.load.cache_clear()


@pytest.mark.faults
def test_a_message_is_kept_and_its_tries_are_noted_on_a_full_volume(volume: Path) -> None:
    kept = volume / "spool"
    messages.Spool(kept).make_ready()
    fill(volume / "ballast")
    one = told()
    messages.Spool(kept).keep(one)
    assert messages.Spool(kept).note(tried(one, 1, "retry"))
    assert messages.Spool(kept).note(tried(one, 2))
    (found,) = messages.Spool(kept).waiting()
    assert (found.told, found.tries) == (one, (tried(one, 1, "retry"), tried(one, 2)))
    assert shutil.disk_usage(volume).free == 0
    with pytest.raises(SpoolError, match="No space left"):
        messages.Spool(volume / "other").keep(one)
