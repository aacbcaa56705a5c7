"""WeCom, Feishu, DingTalk, Bark and ntfy against a server on loopback that refuses inside a 200, as they do.

Bark and ntfy are reached by their ordinary URLs. The hosts of the other three are written into Apprise:
their address is replaced in the plugin's class, the rest of the way is the real one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from risk.adapters import notify
from risk.errors import DeliveryError

TEXT = "分数 88 < 90 & rising\nReduce by 40 %"
FINE: dict[str, dict[str, Any]] = {
    "wecom": {"errcode": 0, "errmsg": "ok"},
    "feishu": {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"},
    "dingtalk": {"errcode": 0, "errmsg": "ok"},
    "bark": {"code": 200, "message": "success", "timestamp": 1},
    "ntfy": {"id": "x", "event": "message"},
}


@dataclass
class Bots:
    """A server that keeps what it is sent and gives one answer."""

    port: int = 0
    status: int = 200
    answer: bytes = b"{}"
    got: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def bots(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bots]:
    state = Bots()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            state.got.append((self.path, body.decode()))
            self.send_response(state.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(state.answer)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        for kind, path in {
            "wecom": "/wecom?key={key}",
            "feishu": "/feishu/{token}",
            "dingtalk": "/ding?t={token}",
        }.items():
            plugin = type(notify.open_channel(kind, URLS[kind]).plugin)
            monkeypatch.setattr(plugin, "notify_url", f"http://127.0.0.1:{state.port}{path}")
        yield state
        server.shutdown()


URLS = {
    "wecom": "wecombot://693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
    "feishu": "feishu://b0a1c2d3-1234-4abc-9def-0123456789ab",
    "dingtalk": "dingtalk://0123456789abcdef0123456789abcdef",
    "bark": "bark://127.0.0.1:{port}/devicekey",
    "ntfy": "ntfy://127.0.0.1:{port}/desk",
}


def opened(kind: str, bots: Bots) -> notify.Channel:
    return notify.open_channel(kind, URLS[kind].format(port=bots.port))


def texts(value: Any) -> str:
    """All words of a JSON payload."""
    if isinstance(value, dict):
        return "\n".join(texts(item) for item in value.values())
    return "\n".join(texts(item) for item in value) if isinstance(value, list) else str(value)


@pytest.mark.parametrize("kind", sorted(FINE))
def test_each_kind_is_sent_title_and_every_line_once(kind: str, bots: Bots) -> None:
    bots.answer = json.dumps(FINE[kind]).encode()
    notify.send(opened(kind, bots), "BTCUSDT extreme", TEXT)
    ((_, body),) = bots.got
    said = texts(json.loads(body))
    for words in ("BTCUSDT extreme", "分数 88", "Reduce by 40 %"):
        assert words in said


# WeCom, "global error codes": 45009 API freq out of limit, 93000 invalid webhook url. Feishu, "custom bots":
# 11232 frequency limited, 19024 keyword not found, 19021 sign match fail. DingTalk, "custom robots": 130101
# send too fast, 300001 token is not exist, 310000 keywords not in content. -1: system busy (both).
@pytest.mark.parametrize(
    ("kind", "answer", "reason", "is_permanent"),
    [
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, "rate_limited", False),
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, "misconfigured", True),
        ("wecom", {"errcode": -1, "errmsg": "system busy"}, "unavailable", False),
        ("wecom", {"errcode": 40008, "errmsg": "invalid message type"}, "unavailable", False),
        ("feishu", {"code": 11232, "msg": "frequency limited"}, "rate_limited", False),
        ("feishu", {"code": 19024, "msg": "Key Words Not Found"}, "misconfigured", True),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, "rate_limited", False),
        ("dingtalk", {"errcode": 90030, "errmsg": "webhook over limit"}, "rate_limited", False),
        ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}, "misconfigured", True),
        ("bark", {"code": 400, "message": "failed to get device token"}, "unavailable", False),
    ],
)
def test_a_refusal_inside_a_200_is_no_acceptance(
    kind: str, answer: dict[str, Any], reason: str, is_permanent: bool, bots: Bots
) -> None:
    bots.answer = json.dumps(answer).encode()
    with pytest.raises(DeliveryError) as refused:
        notify.send(opened(kind, bots), "t", "b")
    assert (refused.value.reason, refused.value.is_permanent) == (reason, is_permanent)


@pytest.mark.parametrize("kind", ["wecom", "feishu", "dingtalk", "bark"])
@pytest.mark.parametrize("answer", [b"", b"<html>portal</html>", b"[]", b"{}"])
def test_an_answer_that_proves_nothing_is_tried_again(kind: str, answer: bytes, bots: Bots) -> None:
    bots.answer = answer
    with pytest.raises(DeliveryError) as refused:
        notify.send(opened(kind, bots), "t", "b")
    assert (refused.value.reason, refused.value.is_permanent) == ("unavailable", False)


@pytest.mark.parametrize("kind", sorted(FINE))
@pytest.mark.parametrize(("status", "reason"), [(429, "rate_limited"), (503, "unavailable")])
def test_an_http_refusal_waits_and_is_tried_again(kind: str, status: int, reason: str, bots: Bots) -> None:
    bots.status = status
    with pytest.raises(DeliveryError) as refused:
        notify.send(opened(kind, bots), "t", "b")
    assert (refused.value.reason, refused.value.is_permanent) == (reason, False)
