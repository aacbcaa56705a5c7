"""An alert's picture from stored prices to the phone: drawn by a real process, noted beside the delivery."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from flows import delivery, picturing
from risk.adapters import embedded, settings, store, store_silence
from risk.runtime.alerts import trial
from tests.adapters.sink_process import SinkProcess, running_sinks
from tests.conftest_flows import forget, point_at

MARK = text(
    "INSERT INTO risk.mark (symbol, mark_price, index_price, funding_rate, next_funding_at, event_at,"
    " received_at, source) VALUES ('BTCUSDT', :price, :price, 0.0001, :at, :at, :at, 'rest')"
)


@pytest.fixture(scope="module")
def sinks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SinkProcess]:
    with running_sinks(tmp_path_factory.mktemp("sinks")) as process:
        yield process


@pytest.fixture
def url(
    database_url: str, sinks: SinkProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    """A desk with twenty minutes of prices and two channels, one of which wants no pictures."""
    sinks.forget()
    now = datetime.now(UTC)
    with store.connect(database_url) as db:
        for minute in range(20):
            db.execute(MARK, {"price": 50_000 - 10 * minute, "at": now - timedelta(minutes=20 - minute)})
    channels = [
        {"name": "phone", "url": sinks.telegram_url},
        {"name": "mail", "url": sinks.mail_url, "pictures": False},
    ]
    monkeypatch.setenv("RISK_CHANNELS", json.dumps(channels))
    monkeypatch.setenv("RISK_TELEGRAM_API_BASE", sinks.bot_base)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path))
    writer = database_url.replace(f"//{embedded.SUPERUSER}@", f"//{embedded.WRITER}@")
    point_at(monkeypatch, writer, None)
    yield writer
    forget()
    store.dispose(writer)


def test_the_picture_of_an_alert_follows_its_text_where_it_is_wanted(url: str, sinks: SinkProcess) -> None:
    now = datetime.now(UTC)
    one = trial(now)
    item = {**one.items[0], "name": "level", "scope": "BTCUSDT", "severity": "critical"}
    details = {"level": "extreme", "composite": 90.0, "weighted": 60.0, "component": "distance",
               "component_value": 0.02, "floors": [], "has_position": True}  # fmt: skip
    told = replace(one, severity="critical", items=({**item, "details": details},))
    with store.connect(url) as db:
        store_silence.put_message(db, told, [("phone", "info"), ("mail", "info")])
    phone, mail = delivery._couriers(settings.load())
    phone.step()
    mail.step()
    ends_at = time.monotonic() + 60
    while not (found := fates(url))["phone"] and time.monotonic() < ends_at:
        time.sleep(0.1)
    assert found == {"phone": "followed", "mail": None}
    (photo,) = sinks.accepted("photo")
    (size,) = photo["files"].values()
    assert size > 10_000
    assert [letter["files"] for letter in sinks.accepted("mail")] == [{}]


def fates(url: str) -> dict[str, str | None]:
    with store.connect(url) as db:
        return {
            row.channel: row.picture for row in db.execute(text("SELECT channel, picture FROM risk.delivery"))
        }


def test_a_terminal_gets_no_pictures(url: str) -> None:
    config = settings.load()
    console = settings.ChannelSettings.model_validate({"name": "console", "url": "console://"})
    assert picturing.post(config, console, picturing.studio(config)) is None
