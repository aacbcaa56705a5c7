"""A mail sink and a Bot API stub on loopback: what they accept stands as JSON lines in a folder.

`python -m risk.runtime.sinks --smtp-port 0 --bot-port 0 --directory D` prints one JSON line with the
ports when both listen. They serve the demo and the tests; faults are set with POST /control.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import email
import email.policy
import json
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

HANG_S = 60.0
MAX_TELEGRAM_CHARS = 4_096
MAX_PHOTO_BYTES = 10_000_000  # Bot API, sendPhoto: "at most 10 MB in size"
TELEGRAM_TAGS = frozenset(
    {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span"}
    | {"tg-spoiler", "a", "code", "pre", "blockquote", "tg-emoji"}
)


@dataclass(slots=True)
class Fault:
    """What a sink answers instead of accepting. `times` counts down; -1 lasts until it is changed.

    Kinds: "429", "400", "400_chat", "401", "403", "502", "hang" for the bot,
    "451", "550", "535", "hang" by mail.
    """

    kind: str = ""
    times: int = -1
    retry_after_s: int = 7

    def take(self) -> str:
        """The fault to show now; empty when there is none (any more)."""
        if not self.kind or self.times == 0:
            return ""
        if self.times > 0:
            self.times -= 1
        return self.kind


@dataclass(slots=True)
class Sinks:
    """Both sinks' state. `counts` also counts what was refused."""

    directory: Path
    faults: dict[str, Fault] = field(default_factory=lambda: {"telegram": Fault(), "mail": Fault()})
    counts: dict[str, int] = field(default_factory=dict)
    incoming: list[dict[str, Any]] = field(default_factory=list)  # updates that nobody has confirmed
    is_ending: Callable[[], bool] = lambda: False

    def keep(self, channel: str, entry: dict[str, Any]) -> int:
        """Append one accepted message to the channel's file; its number, from 1."""
        self.count(f"{channel}_accepted")
        line = json.dumps(
            {"at": datetime.now(UTC).isoformat(), "channel": channel, **entry}, ensure_ascii=False
        )
        with (self.directory / f"{channel}.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        return self.counts[f"{channel}_accepted"]

    def count(self, name: str) -> None:
        """Count one event."""
        self.counts[name] = self.counts.get(name, 0) + 1


# --- Bot API ---------------------------------------------------------------------------------------


class _TagCheck(HTMLParser):
    """Reads a text as the Bot API's HTML mode does: only its tags, each closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open_tags: list[str] = []
        self.problem = ""
        self.visible = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TELEGRAM_TAGS:
            self.problem = self.problem or f'Unsupported start tag "{tag}"'
        self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open_tags or self.open_tags.pop() != tag:
            self.problem = self.problem or f'Unexpected end tag "{tag}"'

    def handle_data(self, data: str) -> None:
        self.visible += len(data)


def telegram_problem(text: str, parse_mode: str) -> str:
    """Why the Bot API would refuse the text with 400; empty when it would take it.

    >>> telegram_problem("<b>BTC", "HTML")
    "Bad Request: can't parse entities: Can't find end tag corresponding to start tag b"
    """
    check = _TagCheck()
    if parse_mode == "HTML":
        check.feed(text)
        check.close()
        if check.open_tags and not check.problem:
            check.problem = f"Can't find end tag corresponding to start tag {check.open_tags[-1]}"
    visible = check.visible if parse_mode == "HTML" else len(text)
    if check.problem:
        return f"Bad Request: can't parse entities: {check.problem}"
    if visible > MAX_TELEGRAM_CHARS:
        return "Bad Request: message is too long"
    return "" if text.strip() else "Bad Request: message text is empty"


def _refuse(status: int, description: str, **parameters: Any) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return JSONResponse(body, status_code=status)


async def _faulty(kind: str, fault: Fault) -> Response:
    if kind == "hang":
        await asyncio.sleep(HANG_S)
        return PlainTextResponse("too late", status_code=504)
    if kind == "502":
        return PlainTextResponse("<html><h1>502 Bad Gateway</h1></html>", status_code=502)
    if kind == "429":
        wait = fault.retry_after_s
        return _refuse(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
    texts = {
        "400": "Bad Request: can't parse entities: Unsupported start tag",
        "400_chat": "Bad Request: chat not found",
        "401": "Unauthorized",
        "403": "Forbidden: bot was blocked by the user",
    }
    return _refuse(int(kind[:3]), texts[kind])


async def _send_file(sinks: Sinks, kind_of_file: str, request: Request) -> Response:
    """A file as a form, as the Bot API takes it: "document" or "photo"."""
    sinks.count(f"{kind_of_file}_tries")
    fault = sinks.faults.get(kind_of_file, Fault())
    if kind := fault.take():
        return await _faulty(kind, fault)
    form = email.message_from_bytes(
        b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + await request.body(),
        policy=email.policy.HTTP,
    )
    sizes = _files(form)
    if kind_of_file == "photo" and max(sizes.values(), default=0) > MAX_PHOTO_BYTES:
        return _refuse(413, "Request Entity Too Large")
    number = sinks.keep(kind_of_file, {"files": sizes, "caption": _field(form, "caption")})
    return JSONResponse({"ok": True, "result": {"message_id": number}})


async def _get_updates(sinks: Sinks, request: Request) -> Response:
    """As the Bot API: an offset confirms what lies before it; without news it answers after `timeout`."""
    sinks.count("telegram_polls")
    if kind := sinks.faults.get("updates", Fault()).take():
        return await _faulty(kind, sinks.faults["updates"])
    offset = int(request.query_params.get("offset", 0))
    ends_at = asyncio.get_running_loop().time() + float(request.query_params.get("timeout", 0))
    sinks.incoming = [update for update in sinks.incoming if update["update_id"] >= offset]
    while not (sinks.incoming or sinks.is_ending()) and asyncio.get_running_loop().time() < ends_at:
        await asyncio.sleep(0.05)
    return JSONResponse({"ok": True, "result": sinks.incoming})


def bot_api(sinks: Sinks) -> Starlette:
    """The stub: sendMessage, sendDocument, sendPhoto and getUpdates, plus /incoming, /control and /counts."""

    async def send_message(request: Request) -> Response:
        sinks.count("telegram_tries")
        fault = sinks.faults["telegram"]
        if kind := fault.take():
            return await _faulty(kind, fault)
        payload = await request.json()
        text, mode = str(payload.get("text", "")), str(payload.get("parse_mode", ""))
        if problem := telegram_problem(text, mode):
            return _refuse(400, problem)
        entry = {"chat_id": str(payload.get("chat_id")), "text": text, "parse_mode": mode}
        number = sinks.keep("telegram", entry)
        return JSONResponse({"ok": True, "result": {"message_id": number, "text": text}})

    async def incoming(request: Request) -> Response:
        """Somebody writes to the bot: {"chat_id", "text", "reply_to"}."""
        wish = await request.json()
        sinks.count("telegram_incoming")
        number = sinks.counts["telegram_incoming"]
        message: dict[str, Any] = {
            "message_id": 1000 + number, "chat": {"id": wish["chat_id"], "type": "private"},
            "from": {"id": wish["chat_id"], "is_bot": False}, "text": wish["text"],
        }  # fmt: skip
        if "reply_to" in wish:
            message["reply_to_message"] = {"message_id": 1, "text": wish["reply_to"]}
        sinks.incoming.append({"update_id": number, "message": message})
        return JSONResponse({"ok": True})

    async def control(request: Request) -> Response:
        wish = await request.json()
        sinks.faults[wish["channel"]] = Fault(
            kind=wish.get("kind", ""), times=wish.get("times", -1), retry_after_s=wish.get("retry_after_s", 7)
        )
        return JSONResponse({"ok": True})

    async def counts(_: Request) -> Response:
        return JSONResponse(sinks.counts)

    return Starlette(
        routes=[
            Route("/bot{token}/sendMessage", send_message, methods=["POST"]),
            Route("/bot{token}/sendDocument", partial(_send_file, sinks, "document"), methods=["POST"]),
            Route("/bot{token}/sendPhoto", partial(_send_file, sinks, "photo"), methods=["POST"]),
            Route("/bot{token}/getUpdates", partial(_get_updates, sinks)),
            Route("/incoming", incoming, methods=["POST"]),
            Route("/control", control, methods=["POST"]),
            Route("/counts", counts),
        ]
    )


# --- mail ------------------------------------------------------------------------------------------


class MailHandler:
    """aiosmtpd's hook: one call per message.

    aiosmtpd looks at each of its members, which Python 3.11.2, Debian 12's own, does not survive where a
    dataclass has slots.
    """

    def __init__(self, sinks: Sinks) -> None:
        self.sinks = sinks

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.sinks.count("mail_tries")
        kind = self.sinks.faults["mail"].take()
        if kind == "hang":
            await asyncio.sleep(HANG_S)
        if kind:
            return {"451": "451 4.7.1 Greylisted, try again later", "550": "550 5.1.1 No such user"}.get(
                kind, f"{kind[:3]} refused"
            )
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.sinks.keep("mail", _entry(letter, envelope))
        return "250 OK"


def _entry(letter: Any, envelope: Any) -> dict[str, Any]:
    parts = {name: letter.get_body(preferencelist=(name,)) for name in ("plain", "html")}
    return {
        "from": envelope.mail_from,
        "to": list(envelope.rcpt_tos),
        "subject": str(letter["subject"]),
        "text": parts["plain"].get_content() if parts["plain"] else "",
        "html": parts["html"].get_content() if parts["html"] else "",
        "files": _files(letter),
    }


def _field(form: Any, name: str) -> str:
    """A field of a form, empty where it has none."""
    found = [part for part in form.walk() if part.get_param("name", header="content-disposition") == name]
    return str(found[0].get_payload(decode=True).decode()) if found else ""


def _files(letter: Any) -> dict[str, int]:
    """Name and size of every file in a letter or a form."""
    return {
        str(part.get_filename()): len(part.get_payload(decode=True) or b"")
        for part in letter.walk()
        if part.get_filename()
    }


# --- both ------------------------------------------------------------------------------------------


async def serve(directory: Path, *, smtp_port: int = 0, bot_port: int = 0) -> None:
    """Run both sinks until SIGTERM or SIGINT; prints the ready line once both listen."""
    directory.mkdir(parents=True, exist_ok=True)
    sinks = Sinks(directory)
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(
        lambda: SMTP(MailHandler(sinks), hostname="sink.local", loop=loop), "127.0.0.1", smtp_port
    )
    with contextlib.closing(socket.socket()) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", bot_port))
        config = uvicorn.Config(bot_api(sinks), log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        sinks.is_ending = lambda: server.should_exit
        ready = {
            "ready": True,
            "smtp_port": mail.sockets[0].getsockname()[1],
            "bot_port": listener.getsockname()[1],
            "directory": str(directory),
        }
        listener.listen()
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await server.serve(sockets=[listener])
    mail.close()


def main(arguments: list[str] | None = None) -> None:
    """Entry of `python -m risk.runtime.sinks`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--smtp-port", type=int, default=0)
    parser.add_argument("--bot-port", type=int, default=0)
    parser.add_argument("--directory", type=Path, required=True)
    wish = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(wish.directory, smtp_port=wish.smtp_port, bot_port=wish.bot_port))


if __name__ == "__main__":
    main()
