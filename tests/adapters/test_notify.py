"""Channels over loopback: what is accepted, what is refused and why, and what hostile text becomes."""

from __future__ import annotations

import html
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk.adapters import notify
from risk.errors import DeliveryError, SettingsError
from tests.adapters.sink_process import TOKEN, SinkProcess, running_sinks


@pytest.fixture(scope="module")
def sink_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SinkProcess]:
    with running_sinks(tmp_path_factory.mktemp("sinks")) as sinks:
        yield sinks


@pytest.fixture
def sinks(sink_process: SinkProcess) -> SinkProcess:
    sink_process.forget()
    return sink_process


@pytest.fixture
def telegram(sinks: SinkProcess) -> notify.Channel:
    return notify.open_channel("phone", sinks.telegram_url, telegram_api_base=sinks.bot_base)


@pytest.fixture
def mail(sinks: SinkProcess) -> notify.Channel:
    return notify.open_channel("mail", sinks.mail_url)


def test_telegram_accepts_one_message_to_the_chat_of_the_url(
    sinks: SinkProcess, telegram: notify.Channel
) -> None:
    notify.send(telegram, "BTCUSDT extreme", "Score 88\nReduce by 40 %")
    (message,) = sinks.accepted("telegram")
    assert message["chat_id"] == "4242"
    assert message["text"].split("\n") == ["<b>BTCUSDT extreme</b>", "Score 88", "Reduce by 40 %"]


def test_mail_carries_title_as_subject_and_every_line(sinks: SinkProcess, mail: notify.Channel) -> None:
    notify.send(mail, "BTCUSDT 极高", "分数 88\nline two")
    (letter,) = sinks.accepted("mail")
    assert letter["subject"] == "BTCUSDT 极高"
    assert letter["to"] == ["trader@example.org"]
    assert "分数 88<br>" in letter["html"]
    assert "line two" in letter["html"]


def test_console_shows_title_and_body(capsys: pytest.CaptureFixture[str]) -> None:
    notify.send(notify.open_channel("screen", "console://"), "title", "body")
    assert capsys.readouterr().out == "\ntitle\nbody\n"


# Bot API, "Making requests": error_code 429 carries parameters.retry_after in seconds.
def test_telegram_429_gives_the_wait_that_the_bot_api_asked_for(
    sinks: SinkProcess, telegram: notify.Channel
) -> None:
    sinks.fault("telegram", "429", retry_after_s=7)
    with pytest.raises(DeliveryError) as refused:
        notify.send(telegram, "t", "b")
    assert (refused.value.reason, refused.value.retry_after_s) == ("rate_limited", 7.0)
    assert not refused.value.is_permanent


def test_unparsable_html_goes_out_again_as_plain_text(sinks: SinkProcess, telegram: notify.Channel) -> None:
    before = sinks.counts().get("telegram_tries", 0)
    notify.send(telegram, "t", "1 < 2", html="<b>1 < 2")
    (message,) = sinks.accepted("telegram")
    assert message["text"] == "t\n1 &lt; 2"
    assert sinks.counts()["telegram_tries"] - before == 2


def test_text_that_stays_unparsable_is_tried_twice_and_refused_for_good(
    sinks: SinkProcess, telegram: notify.Channel
) -> None:
    sinks.fault("telegram", "400")
    before = sinks.counts().get("telegram_tries", 0)
    with pytest.raises(DeliveryError) as refused:
        notify.send(telegram, "t", "b")
    assert (refused.value.reason, refused.value.is_permanent) == ("unparsable", True)
    assert sinks.counts()["telegram_tries"] - before == 2


@pytest.mark.parametrize(
    ("kind", "reason", "is_permanent"),
    [
        ("401", "misconfigured", True),
        ("403", "misconfigured", True),
        ("400_chat", "misconfigured", True),
        ("502", "unavailable", False),
    ],
)
def test_telegram_refusals_say_whether_to_try_again(
    sinks: SinkProcess, telegram: notify.Channel, kind: str, reason: str, is_permanent: bool
) -> None:
    sinks.fault("telegram", kind)
    with pytest.raises(DeliveryError) as refused:
        notify.send(telegram, "t", "b")
    assert (refused.value.reason, refused.value.is_permanent) == (reason, is_permanent)
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "reason", "is_permanent"),
    [("451", "unavailable", False), ("550", "rejected", False), ("535", "misconfigured", True)],
)
def test_mail_refusals_say_whether_to_try_again(
    sinks: SinkProcess, mail: notify.Channel, kind: str, reason: str, is_permanent: bool
) -> None:
    sinks.fault("mail", kind)
    with pytest.raises(DeliveryError) as refused:
        notify.send(mail, "t", "b")
    assert (refused.value.reason, refused.value.is_permanent) == (reason, is_permanent)


@pytest.mark.parametrize("channel", ["telegram", "mail"])
def test_a_hanging_channel_counts_as_unreachable(
    sinks: SinkProcess, channel: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "READ_TIMEOUT_S", 0.2)
    monkeypatch.setattr(notify, "CONNECT_TIMEOUT_S", 0.2)
    opened: notify.Channel = request.getfixturevalue(channel)
    sinks.fault(channel, "hang")
    with pytest.raises(DeliveryError) as refused:
        notify.send(opened, "t", "b")
    assert (refused.value.reason, refused.value.is_permanent) == ("unreachable", False)


def test_nobody_listening_counts_as_unreachable() -> None:
    channel = notify.open_channel("mail", "mailto://127.0.0.1:9?from=a@example.org&to=b@example.org")
    with pytest.raises(DeliveryError) as refused:
        notify.send(channel, "t", "b")
    assert refused.value.reason == "unreachable"


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<b>unclosed & <i>wrong</b>",
    "BTC_USDT *bold* [link](http://x) `code`",
    "🚀‮TDSU‬ مرحبا",
    "a\r\nBcc: evil@example.org\r\n\r\nbody",
    "\x00\x07bell",
    "&lt;already&gt; &amp; &nbsp;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_arrives_readable_at_telegram(
    sinks: SinkProcess, telegram: notify.Channel, text: str
) -> None:
    notify.send(telegram, text, text)
    (message,) = sinks.accepted("telegram")  # the stub refuses tags that the Bot API does not know
    shown = html.unescape(message["text"].replace("<b>", "", 1).replace("</b>", "", 1))
    assert "onerror" not in text or "<img src=x onerror=alert(1)>" in shown
    assert "\x00" not in shown
    assert "‮" not in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_header_and_no_tag_to_a_mail(
    sinks: SinkProcess, mail: notify.Channel, text: str
) -> None:
    notify.send(mail, text, text)
    (letter,) = sinks.accepted("mail")
    assert letter["to"] == ["trader@example.org"]
    assert "<script>" not in letter["html"]
    assert "<img" not in letter["html"]


def test_a_ten_thousand_character_body_arrives_cut_at_a_line(
    sinks: SinkProcess, telegram: notify.Channel
) -> None:
    lines = [f"line {number:04d} <&>" for number in range(700)]
    notify.send(telegram, "t", "\n".join(lines))
    (message,) = sinks.accepted("telegram")
    assert len(message["text"]) <= notify.MAX_CHARS + len("<b>t</b>\n")
    shown = html.unescape(message["text"]).split("\n")
    kept = len(shown) - 2  # title and the line that counts the rest
    assert shown[1 : 1 + kept] == lines[:kept]
    assert shown[-1] == f"… (+{700 - kept})"


def test_one_endless_line_is_cut_too(sinks: SinkProcess, telegram: notify.Channel) -> None:
    notify.send(telegram, "t", "&" * 10_000)
    (message,) = sinks.accepted("telegram")
    assert len(message["text"]) <= notify.MAX_CHARS + len("<b>t</b>\n")


def test_too_long_html_gives_way_to_the_cut_text(sinks: SinkProcess, telegram: notify.Channel) -> None:
    notify.send(telegram, "t", "short", html="<b>" + "x" * 5_000 + "</b>")
    assert sinks.accepted("telegram")[0]["text"] == "<b>t</b>\nshort"


def test_line_breaks_of_our_html_are_single_on_both_channels(
    sinks: SinkProcess, telegram: notify.Channel, mail: notify.Channel
) -> None:
    for channel in (telegram, mail):
        notify.send(channel, "t", "a\nb", html="<b>a</b><br>\nb")
    assert sinks.accepted("telegram")[0]["text"] == "<b>t</b>\n<b>a</b>\nb"
    assert "<b>a</b><br>" in sinks.accepted("mail")[0]["html"]
    assert sinks.accepted("mail")[0]["html"].count("<br>") == 1


def test_tokens_never_reach_a_log_handler(
    sinks: SinkProcess, telegram: notify.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        sinks.fault("telegram", "502", times=1)
        with pytest.raises(DeliveryError):
            notify.send(telegram, "t", "b")
        notify.send(telegram, "t", "b")
    assert [record.name for record in caplog.records if record.name == "apprise"] == []
    assert len(sinks.accepted("telegram")) == 1


def test_two_threads_do_not_read_each_others_reasons(sinks: SinkProcess) -> None:
    telegram = notify.open_channel("phone", sinks.telegram_url, telegram_api_base=sinks.bot_base)
    mail = notify.open_channel("mail", sinks.mail_url)
    sinks.fault("telegram", "429", retry_after_s=3)
    sinks.fault("mail", "451")
    reasons: dict[str, set[str]] = {"phone": set(), "mail": set()}

    def work(channel: notify.Channel) -> None:
        for _ in range(5):
            try:
                notify.send(channel, "t", "b")
            except DeliveryError as refused:
                reasons[channel.name].add(refused.reason)

    threads = [threading.Thread(target=work, args=(channel,)) for channel in (telegram, mail)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reasons == {"phone": {"rate_limited"}, "mail": {"unavailable"}}


def test_a_wrong_url_is_named_without_being_shown() -> None:
    with pytest.raises(SettingsError, match=r"channels\.x\.url") as wrong:
        notify.open_channel("x", "nope://user:canary-secret@host")
    assert "canary-secret" not in str(wrong.value)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "daily-2026-03-10.html"
    file.write_text("<!doctype html><p>" + "x" * 5000)
    return file


def test_a_mail_carries_its_file(sinks: SinkProcess, mail: notify.Channel, page: Path) -> None:
    notify.send(mail, "Report", "short text", "short text", page)
    (letter,) = sinks.accepted("mail")
    assert "short text" in letter["html"]
    assert letter["files"] == {page.name: page.stat().st_size}


def test_a_file_follows_its_text_on_telegram(
    sinks: SinkProcess, telegram: notify.Channel, page: Path
) -> None:
    notify.send(telegram, "Report", "short text", "", page)
    (message,) = sinks.accepted("telegram")
    assert "short text" in message["text"]
    (document,) = sinks.accepted("document")
    assert document["files"] == {page.name: page.stat().st_size}


def test_a_refused_file_neither_fails_nor_repeats_its_text(
    sinks: SinkProcess, telegram: notify.Channel, page: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sinks.fault("document", "400")
    try:
        notify.send(telegram, "Report", "short text", "", page)
    finally:
        sinks.fault("document", "")
    assert len(sinks.accepted("telegram")) == 1
    assert "did not follow its text" in caplog.text


@pytest.mark.parametrize("channel", ["mail", "telegram"])
def test_a_file_that_is_not_here_holds_no_text_back(
    sinks: SinkProcess, channel: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    notify.send(request.getfixturevalue(channel), "Report", "short text", "", tmp_path / "gone.html")
    (told,) = sinks.accepted(channel)
    assert "short text" in (told.get("text") or told["html"])
