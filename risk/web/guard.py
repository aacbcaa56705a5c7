"""Who may see the page: known host names, a token beyond this machine, headers on each answer."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
COOKIE = "risk_session"
COOKIE_LASTS_S = 7 * 86_400
WRONG_ALLOWED = 10  # tokens of one address within WRONG_WITHIN_S; then none is looked at
WRONG_WITHIN_S = 60.0
LONGEST_FORM = 1000  # bytes
OPEN_PATHS = frozenset({"/static/style.css"})

HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

ENTER_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>crypto-risk</title><link rel="stylesheet" href="/static/style.css">
<main class="enter"><h1>crypto-risk</h1><form method="post" action="/enter">
<label for="token">Access token · 访问令牌</label>
<input id="token" name="token" type="password" required autofocus autocomplete="current-password">
<button>Open · 打开</button></form></main></html>
"""


class Guard:
    """Wraps the page: checks every request before it is looked at, and puts the headers on every answer."""

    def __init__(
        self,
        app: App,
        *,
        token: str | None,
        names: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._token, self._clock = app, token, clock
        self._names = LOOPBACK_NAMES | {name.lower() for name in names}
        self._session = hmac.digest((token or "").encode(), b"risk session", hashlib.sha256).hex()
        self._wrong: dict[str, list[float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _with_headers(send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if _host(headers.get("host", "")) not in self._names:
            await _answer(guarded, 421, "this name is not served; add it to web.names")
        elif self._token is None:
            await self._app(scope, receive, guarded)
        elif scope["path"] == "/enter" and scope["method"] == "POST":
            await self._enter(scope, receive, guarded)
        else:
            await self._checked(scope, receive, guarded, headers)

    async def _checked(self, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]) -> None:
        """Pass on with a session or a bearer token; the session is too long to be guessed, the token is not
        looked at from an address that guesses."""
        if scope["path"] in OPEN_PATHS or _same(_cookie(headers.get("cookie", "")), self._session):
            await self._app(scope, receive, send)
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            refusal = self._refusal(_address(scope), given)
            if refusal is None:
                await self._app(scope, receive, send)
            else:
                await _answer(send, refusal, "wrong token" if refusal == 401 else "too many wrong tokens")
        elif scope["path"] == "/":
            await _answer(send, 401, ENTER_PAGE, kind="text/html")
        else:
            await _answer(send, 401, "a token is needed")

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The form of the first visit: a right token becomes a session."""
        body = b""
        while len(body) <= LONGEST_FORM:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        given = parse_qs(body[:LONGEST_FORM].decode("utf-8", "replace")).get("token", [""])[0]
        refusal = self._refusal(_address(scope), given)
        if refusal is not None:
            await _answer(send, refusal, "wrong token" if refusal == 401 else "too many wrong tokens")
            return
        is_secure = "; Secure" if scope.get("scheme") == "https" else ""
        rules = f"Path=/; HttpOnly; SameSite=Strict; Max-Age={COOKIE_LASTS_S}"
        cookie = f"{COOKIE}={self._session}; {rules}{is_secure}"
        more = [(b"location", b"/"), (b"set-cookie", cookie.encode())]
        await _answer(send, 303, "", more=more)

    def _refusal(self, address: str, given: str) -> int | None:
        """401 for a wrong token, 429 for any from an address that gave too many; None for the right one."""
        now = self._clock()
        self._wrong = {
            who: recent
            for who, times in self._wrong.items()
            if (recent := [at for at in times if now - at < WRONG_WITHIN_S])
        }
        times = self._wrong.get(address, [])
        if len(times) >= WRONG_ALLOWED:
            return 429
        if _same(given, self._token or ""):
            return None
        self._wrong[address] = [*times, now]
        return 401


def _same(given: str, wanted: str) -> bool:
    """Compared in the same time wherever they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _host(header: str) -> str:
    """The name without the port, lower case."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[: name.find("]") + 1]
    return name.rsplit(":", 1)[0]


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", [])}
            added = [pair for pair in HEADERS if pair[0] not in present]
            if b"cache-control" not in present:
                added.append((b"cache-control", b"no-store"))
            message["headers"] = [*message.get("headers", []), *added]
        await send(message)

    return sending


async def _answer(
    send: Send, status: int, text: str, *, kind: str = "text/plain", more: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    body = text.encode()
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        *more,
    ]
    if status == 429:
        headers.append((b"retry-after", str(int(WRONG_WITHIN_S)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
