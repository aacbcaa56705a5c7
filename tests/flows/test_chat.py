"""Orders to the Telegram bot over the Bot API stub: only the channel's own chats are heard."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from flows import chat, desk
from risk.adapters import notify, settings, store, store_silence
from risk.adapters.courier import short_id
from risk.adapters.telegram_inbox import Inbox, chats_by_bot
from risk.decision import decide
from risk.limits import default
from risk.runtime.alerts import trial
from tests.adapters.sink_process import TOKEN, SinkProcess, running_sinks
from tests.risk.builders import position, state


@pytest.fixture(scope="module")
def sink_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SinkProcess]:
    with running_sinks(tmp_path_factory.mktemp("sinks")) as sinks:
        yield sinks


class Bot:
    """One inbox on a real database and the stub; each call of `hear` is one poll."""

    def __init__(self, sinks: SinkProcess, url: str, language: str = "en") -> None:
        self.sinks, self.url = sinks, url
        channel = notify.open_channel("phone", sinks.telegram_url, telegram_api_base=sinks.bot_base)
        ((_, chats),) = chats_by_bot([channel])
        act = partial(chat.answer, "phone", language)
        self.inbox = Inbox(channel, chats, chat.memory("phone"), act, poll_s=1.0)

    def hear(self, text: str, *, chat_id: int = 4242, reply_to: str = "") -> list[str]:
        """Write to the bot, poll once, and what it answered."""
        before = len(self.sinks.accepted("telegram"))
        self.sinks.write(text, chat_id=chat_id, reply_to=reply_to)
        self.inbox.step(threading.Event())
        return [entry["text"] for entry in self.sinks.accepted("telegram")[before:]]

    def wishes(self) -> list[tuple[str, str, str, float]]:
        now = datetime.now(UTC)
        with store.connect(self.url) as db:
            found = store_silence.silences(db, now)
        return [
            (s.kind, s.name, s.scope, round((s.ends_at - s.starts_at) / timedelta(hours=1), 2)) for s in found
        ]


@pytest.fixture
def bot(
    sink_process: SinkProcess, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Bot]:
    sink_process.forget()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    settings.load.cache_clear()
    desk.exchange.cache_clear()
    made = Bot(sink_process, database_url)
    with store.connect(database_url) as db:  # updates of earlier tests stand in the stub's queue
        made.inbox._client.get(f"{sink_process.bot_base}/bot{TOKEN}/getUpdates", params={"offset": 10_000})
        assert store.progress(db, chat.FLOW) == {}
    yield made
    made.inbox.close()
    settings.load.cache_clear()
    store.dispose(database_url)


def alarmed(url: str) -> str:
    """One evaluation with a position near its liquidation; the text that a reader would answer."""
    now = datetime.now(UTC)
    near = state(now=now, positions=[position(liquidation=47_600, now=now)])
    decision = decide(near, default(), now)
    with store.connect(url) as db:
        store.save_decision(db, decision, channels=[("phone", "info")])
    return f"[critical] BTCUSDT long\nsomething\n{short_id(decision.messages[0].message_id)}"


def test_silence_for_two_hours_is_everything_and_says_so(bot: Bot) -> None:
    (said,) = bot.hear("/silence 2h")
    assert bot.wishes() == [("silence", "*", "*", 2.0)]
    assert "critical alerts included" in said


def test_an_answer_to_a_message_concerns_what_it_told_of(bot: Bot) -> None:
    told = alarmed(bot.url)
    bot.hear("/ack", reply_to=told)
    names = {(kind, name, scope) for kind, name, scope, _ in bot.wishes()}
    assert ("acknowledge", "liquidation_distance", "BTCUSDT/LONG") in names
    assert all(name != "*" for _, name, _ in names)


def test_an_answer_to_something_else_silences_nothing(bot: Bot) -> None:
    message = trial(datetime.now(UTC))
    with store.connect(bot.url) as db:
        store_silence.put_message(db, message, [("phone", "info")])
    for text in (short_id(message.message_id), "#00000000", "hello"):
        (said,) = bot.hear("/silence 2h", reply_to=text)
        assert said.startswith("Not done")
    assert bot.wishes() == []


def test_a_name_and_a_scope_may_be_given_and_lifted(bot: Bot) -> None:
    bot.hear("/silence@desk_bot 45m spread BTCUSDT")
    assert bot.wishes() == [("silence", "spread", "BTCUSDT", 0.75)]
    (said,) = bot.hear("/lift spread BTCUSDT")
    assert said == "spread BTCUSDT is told again."
    assert bot.wishes() == []


def test_status_tells_age_and_what_stands(bot: Bot) -> None:
    assert bot.hear("/status") == ["There is no score yet."]
    alarmed(bot.url)
    (said,) = bot.hear("/status")
    assert "Last score" in said
    assert "CRITICAL: liquidation_distance BTCUSDT/LONG" in said


def test_a_stranger_is_neither_heard_nor_answered(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert bot.hear("/silence 2h", chat_id=666) == []
    assert bot.wishes() == []
    assert "stranger" in caplog.text
    assert bot.hear("/status") == ["There is no score yet."]  # and the queue goes on behind them


@pytest.mark.parametrize(
    "text", ["good morning", "", "silence 2h", "/silenceme", "/ack one two three", "/ack 99h99"]
)
def test_what_is_no_order_changes_nothing(bot: Bot, text: str) -> None:
    bot.hear(text)
    assert bot.wishes() == []


def test_each_order_is_carried_out_once_even_by_the_next_process(bot: Bot, sink_process: SinkProcess) -> None:
    bot.hear("/silence 2h spread")
    again = Bot(sink_process, bot.url)
    assert again.hear("/status") == ["There is no score yet."]
    again.inbox.close()
    assert len(again.wishes()) == 1


@pytest.mark.parametrize("kind", ["401", "502", "429"])
def test_a_bot_that_does_not_answer_is_no_end_and_shows_no_token(
    bot: Bot, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    bot.sinks.fault("updates", kind)
    stop = threading.Event()
    thread = threading.Thread(target=bot.inbox.run, args=(stop,))
    with caplog.at_level(logging.DEBUG):
        thread.start()
        for _ in range(100):
            if "is not listened to" in caplog.text:
                break
            stop.wait(0.05)
        stop.set()
        thread.join(timeout=10)
    bot.sinks.fault("updates", "")
    assert not thread.is_alive()
    assert "is not listened to" in caplog.text
    assert TOKEN not in " ".join(
        record.getMessage() for record in caplog.records if record.name.startswith("risk")
    )


def test_two_channels_of_one_bot_are_one_queue_with_the_chats_of_both(sink_process: SinkProcess) -> None:
    channels = [
        notify.open_channel(name, f"tgram://{TOKEN}/{number}", telegram_api_base=sink_process.bot_base)
        for name, number in (("phone", 4242), ("group", -1001))
    ]
    ((first, chats),) = chats_by_bot(channels)
    assert first.name == "phone"
    assert chats == {"4242", "-1001"}


def test_the_answer_is_in_the_language_of_the_channel(sink_process: SinkProcess, bot: Bot) -> None:
    chinese = Bot(sink_process, bot.url, language="zh")
    assert chinese.hear("/status") == ["尚无评分。"]
    assert "静默两小时" in chinese.hear("/help")[0]
    chinese.inbox.close()
