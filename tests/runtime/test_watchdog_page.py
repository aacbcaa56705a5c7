"""`risk watchdog --url`: the page of a desk on another machine, judged as the database is."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import msgspec
import pytest
from pydantic import SecretStr

from risk.adapters import settings as adapter
from risk.adapters import store, store_silence
from risk.adapters.pulse_page import PulsePage
from risk.adapters.settings import WatchdogSettings, WebSettings
from risk.adapters.store_pulse import pulse
from risk.cli import main
from risk.decision import decide
from risk.errors import PulseError, SettingsError
from risk.limits import default
from risk.pulse import Pulse, Seen
from risk.runtime.alerts import trial
from risk.runtime.heartbeat import Afar, Heartbeat, configured
from tests.adapters.test_mail_tls import self_signed
from tests.risk.builders import snapshot, state
from tests.web.conftest import served, settings

TOKEN = "correct-horse-battery-staple"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FINE = Pulse(
    score_s=2, account_s=3, waiting_s=None, critical_s=None, offered_s=3, worker_s=5, delivery_s=5
)  # fmt: skip


class Clock:
    """The desk's clock."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def page(database_url: str, clock: Clock) -> Iterator[str]:
    """The page of a desk that scored 2 s ago and read its account 3 s ago."""
    with store.connect(database_url) as db:
        at = NOW - timedelta(seconds=2)
        store.save_decision(
            db, replace(decide(state(now=at), default(), at), messages=(), tellings=(), alerts=())
        )
        read_at = NOW - timedelta(seconds=3)
        store.replace_positions(db, replace(snapshot(now=at), event_at=read_at, received_at=read_at), ())
    wish = settings(database_url, web=WebSettings(port=0, token=SecretStr(TOKEN)))
    with served(wish, clock) as address:
        yield address
    store.dispose(database_url)


class Watch:
    """A watchdog that asks a page, with what it sent and pinged."""

    def __init__(self, url: str, token: str | None = TOKEN) -> None:
        self.sent: list[str] = []
        self.pings = 0
        config = adapter.Settings(
            watchdog=WatchdogSettings(ping_url=SecretStr("https://pings.example.org/x"), url=url),
        )
        client = httpx.Client(transport=httpx.MockTransport(self._ping))
        place = Afar(PulsePage(url, token=token))
        self.heart = Heartbeat(config, place, lambda _title, body: self.sent.append(body), client=client)

    def _ping(self, _request: httpx.Request) -> httpx.Response:
        self.pings += 1
        return httpx.Response(200)


def test_the_page_tells_what_the_database_does(page: str, database_url: str, clock: Clock) -> None:
    seen = PulsePage(page, token=TOKEN).read()
    with store.connect(database_url) as db:
        assert seen.pulse == pulse(db, clock.now)
    assert (seen.pulse.score_s, seen.pulse.account_s, seen.pulse.waiting_s) == (2, 3, None)
    assert seen.watches_account
    assert seen.disk is not None and seen.disk[0] >= seen.disk[1] > 0


def test_a_fine_desk_is_pinged_for_and_blindness_told_by_the_same_rules(page: str, clock: Clock) -> None:
    watch = Watch(page)
    assert (watch.heart.beat(NOW, 1000.0), watch.pings) == ("", 1)
    clock.now += timedelta(seconds=58)
    assert watch.heart.beat(NOW, 1060.0) == ""  # a score of 60 s
    assert watch.pings == 1  # but not one that is pinged for
    clock.now += timedelta(seconds=5)
    assert watch.heart.beat(NOW, 1065.0) == "No score was made for 65 s"
    assert len(watch.sent) == 1


def test_a_critical_alert_that_waits_is_told_from_afar(page: str, database_url: str, clock: Clock) -> None:
    with store.connect(database_url) as db:
        waits = replace(trial(NOW - timedelta(seconds=121)), severity="critical")
        store_silence.put_message(db, waits, [("phone", "info")])
    watch = Watch(page)
    assert watch.heart.beat(NOW, 1000.0) == "A critical alert could not be delivered for 121 s"
    assert watch.pings == 0


def test_a_token_that_is_refused_is_trouble_after_a_minute_and_not_shown(page: str) -> None:
    watch = Watch(page, token="wrong-wrong-wrong-wrong-wrong")
    started = time.monotonic()  # after the desk's first minute began
    assert watch.heart.beat(NOW, started + 55) == ""
    trouble = watch.heart.beat(NOW, started + 65)
    assert trouble.startswith("No score is known of for 6")
    assert trouble.endswith(" s: the page answers 401: the token is missing or wrong")
    assert "wrong-wrong" not in "".join(watch.sent)


def body(at: datetime = NOW, **changes: float | None) -> bytes:
    return msgspec.json.encode(Seen(at=at, pulse=replace(FINE, **changes), watches_account=True))


@contextmanager
def answering(status: int, answer: bytes, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            return  # a client that leaves at the handshake is what is tried

    server = Quiet(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "answer", "says"),
    [
        (200, b"<html>", "is no pulse"),
        (200, b"{}", "is no pulse"),
        (200, b"x" * 70_000, "too long"),
        (200, body().replace(b'"score_s":2', b'"score_s":"2"'), "is no pulse"),
        (200, body().replace(b"12:00:00Z", b"12:00:00"), "without its zone"),
        (302, b"", "answers 302"),
        (421, b"", "web.names"),
        (500, b"", "answers 500"),
        (503, b"", "its database does not answer"),
    ],
)
def test_what_is_no_good_answer_is_an_error_that_says_why(status: int, answer: bytes, says: str) -> None:
    with answering(status, answer) as url, pytest.raises(PulseError, match=says):
        PulsePage(url).read()


def test_an_answer_that_something_between_has_kept_counts_as_none() -> None:
    with answering(200, body()) as url:
        page = PulsePage(url)
        assert page.read().pulse == FINE
        with pytest.raises(PulseError, match="something between keeps answers"):
            page.read()


def test_nobody_there_is_an_error() -> None:
    with pytest.raises(PulseError, match="does not answer"):
        PulsePage("http://127.0.0.1:1").read()


def test_a_page_that_trickles_is_left_at_the_deadline() -> None:
    ended = threading.Event()

    class Trickle(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"HTTP/1.1 200 OK\r\n")
            while not ended.wait(0.05):
                self.request.sendall(b"x")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Trickle) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        page = PulsePage(f"http://127.0.0.1:{server.server_address[1]}", timeout_s=0.2)
        with pytest.raises(PulseError, match=r"within 0.2 s"):
            page.read()
        with pytest.raises(PulseError, match="does not end it"):
            page.read()
        ended.set()
        server.shutdown()


def test_a_certificate_that_nobody_signed_is_trouble_and_one_of_the_own_authority_is_not(
    tmp_path: Path,
) -> None:
    context = self_signed(tmp_path)
    with answering(200, body(), context) as url:
        with pytest.raises(PulseError, match="certificate is not trusted"):
            PulsePage(url, token=TOKEN).read()
        assert PulsePage(url, ca_file=tmp_path / "server.pem").read().pulse == FINE


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    for name in ("none.pem", "missing.pem"):
        with pytest.raises(SettingsError, match="ca_file"):
            PulsePage("https://127.0.0.1:1", ca_file=tmp_path / name)


@pytest.mark.parametrize(
    ("wish", "refused"),
    [
        ({"url": "http://desk.example.org:8765"}, "plain_http = true allows it"),
        ({"url": "http://10.0.0.5:8765"}, "could read the token"),
        ({"url": "http://10.0.0.5:8765", "plain_http": True}, ""),
        ({"url": "https://desk.example.org"}, ""),
        ({"url": "http://127.0.0.1:8765"}, ""),
        ({"url": "http://[::1]:8765/"}, ""),
        ({"url": "desk.example.org"}, "must begin with http"),
        ({"url": "https://me:word@desk.example.org"}, "no password"),
    ],
)
def test_a_token_does_not_go_over_a_network_in_clear_unless_that_is_wanted(
    wish: dict[str, object], refused: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    if refused:
        with pytest.raises(SettingsError, match=refused) as error:
            configured(adapter.Settings(), wish, tmp_path / "token")
        assert TOKEN not in str(error.value)
        return
    found = configured(adapter.Settings(), wish, tmp_path / "token").watchdog
    assert found.token is not None and found.token.get_secret_value() == TOKEN
    assert found.url == str(wish["url"]).rstrip("/")


def test_without_a_token_plain_http_needs_no_leave() -> None:
    assert configured(adapter.Settings(), {"url": "http://10.0.0.5:8765"}, None).watchdog.url


def test_the_command_refuses_what_cannot_be_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_CHANNELS", json.dumps([{"name": "console", "url": "console://"}]))
    adapter.load.cache_clear()
    (tmp_path / "token").write_text("short")
    assert main(["watchdog", "--url", "https://desk.example.org", "--token-file", "token"]) == 2
    said = capsys.readouterr().err
    assert said == "refused: watchdog.token: the page's web.token has 20 characters or more: give that one\n"
    adapter.load.cache_clear()
