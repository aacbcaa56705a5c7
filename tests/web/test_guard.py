"""Who may see the page: names, tokens, headers, and nothing in it that could run as a script."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from risk.adapters.settings import WebSettings
from risk.web.guard import WRONG_ALLOWED, WRONG_WITHIN_S, Guard
from tests.web.conftest import served, settings

TOKEN = "correct-horse-battery-staple"
STATIC = Path(__file__).resolve().parents[2] / "risk" / "web" / "static"


@pytest.fixture(scope="module")
def locked(desk_url: str) -> str:
    with served(settings(desk_url, web=WebSettings(port=0, token=SecretStr(TOKEN)))) as address:
        yield address


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def _page(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"seen"})


def ask(guard: Guard, *, token: str = "", host: str = "localhost", address: str = "10.0.0.1") -> int:
    """Status of one GET."""
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(b"host", host.encode()), (b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "path": "/api/desk", "method": "GET", "headers": headers, "client": (address, 1)}
    asyncio.run(guard(scope, None, send))  # type: ignore[arg-type]
    return statuses[0]


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8765", 200), ("127.0.0.1", 200), ("[::1]:8765", 200), ("Desk.Example:443", 200),
     ("evil.example", 421), ("localhost.evil.example", 421), ("", 421)],
)  # fmt: skip
def test_only_known_names_are_served_so_that_no_foreign_name_can_be_pointed_here(
    host: str, status: int
) -> None:
    assert ask(Guard(_page, token=None, names=["desk.example"]), host=host) == status


def test_a_thousand_wrong_tokens_are_refused_and_only_the_first_are_looked_at() -> None:
    clock = Clock()
    guard = Guard(_page, token=TOKEN, clock=clock)
    answers = [ask(guard, token=f"{TOKEN}{i}") for i in range(1000)]
    assert answers == [401] * WRONG_ALLOWED + [429] * (1000 - WRONG_ALLOWED)
    assert ask(guard, token=TOKEN) == 429
    assert ask(guard, token=TOKEN, address="10.0.0.2") == 200
    clock.now = WRONG_WITHIN_S + 1
    assert ask(guard, token=TOKEN) == 200


def test_without_a_token_nothing_is_told_and_the_door_is_shown(locked: str) -> None:
    for path in ("/api/desk", "/api/events", "/static/main.js", "/api/words/en"):
        assert httpx.get(f"{locked}{path}").status_code == 401
    door = httpx.get(locked)
    assert door.status_code == 401
    assert 'type="password"' in door.text


def test_the_right_token_opens_a_session_that_scripts_cannot_read(locked: str) -> None:
    with httpx.Client(base_url=locked) as client:
        assert client.post("/enter", data={"token": "wrong"}).status_code == 401
        entered = client.post("/enter", data={"token": TOKEN})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert TOKEN not in cookie
        assert client.get("/api/desk").status_code == 200
    bearer = httpx.get(f"{locked}/api/desk", headers={"authorization": f"Bearer {TOKEN}"})
    assert bearer.status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_an_address_beyond_this_machine_needs_a_token(host: str) -> None:
    with pytest.raises(ValidationError, match="token"):
        WebSettings(host=host)
    with pytest.raises(ValidationError):
        WebSettings(host=host, token=SecretStr("short"))
    assert WebSettings(host=host, token=SecretStr(TOKEN)).host == host


@pytest.mark.parametrize("path", ["/", "/api/desk", "/static/main.js", "/nothing"])
def test_every_answer_carries_the_headers(page: str, path: str) -> None:
    headers = httpx.get(f"{page}{path}").headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_page_takes_no_orders(page: str, method: str) -> None:
    for path in ("/", "/api/desk", "/api/alerts"):
        assert httpx.request(method, f"{page}{path}").status_code == 405


def test_the_files_need_no_inline_script_and_make_no_markup_out_of_text() -> None:
    page = (STATIC / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*src=)", page) == []
    assert re.findall(r"<style|\son\w+=|\sstyle=", page) == []
    scripts = "\n".join(file.read_text() for file in STATIC.glob("*.js"))
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", scripts)
        == []
    )
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", scripts + page) == []
