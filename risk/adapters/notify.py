"""One message to one channel, and what became of it: accepted, or a DeliveryError that says why and when.

Apprise talks to the channels; it tells only true or false and keeps the reason for its log. So its log
lines of this thread are read while it sends, and everything below WARNING stops there: its DEBUG lines
hold tokens. Its own retries, throttle and time-outs are replaced by ours.
"""

from __future__ import annotations

import contextlib
import html as html_text
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apprise

from risk.adapters.bot_answers import read_answers
from risk.errors import DeliveryError, SettingsError

log = logging.getLogger(__name__)

MAX_CHARS = 3_500
"""Longest text handed to a channel: Telegram takes 4,096 after parsing, and our tags count before it."""
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 3.0, 5.0
CONSOLE = "console://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A place that messages go to. `plugin` is Apprise's single object, None for the console."""

    name: str
    kind: str  # "console", "telegram", "mail", "other"
    plugin: Any = None


def open_channel(name: str, url: str, *, telegram_api_base: str | None = None) -> Channel:
    """The channel behind one Apprise URL (or `console://`).

    Args:
        telegram_api_base: where the Bot API answers, e.g. a stub on loopback; None: the real one.

    Raises:
        SettingsError: Apprise does not understand the URL. The message never shows the URL itself.
    """
    if url.startswith(CONSOLE):
        return Channel(name=name, kind="console")
    _listen()
    asset = apprise.AppriseAsset(async_mode=False, secure_logging=True, app_id="crypto-risk")
    with warnings.catch_warnings():  # the first call imports every plugin, some with deprecated modules
        warnings.simplefilter("ignore", DeprecationWarning)
        plugin: Any = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if plugin is None:
        scheme = url.partition("://")[0][:20] + "://…" if "://" in url else "it has no scheme"
        raise SettingsError(
            f"channels.{name}.url: not an Apprise URL ({scheme}); write it as Apprise's list shows"
        )
    read_answers(plugin)
    plugin.retry = 0
    plugin.request_rate_per_sec = 0
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_TIMEOUT_S, READ_TIMEOUT_S
    plugin.overflow_mode = apprise.OverflowMode.SPLIT
    kind = {"tgram": "telegram", "mailto": "mail", "mailtos": "mail"}.get(_scheme(plugin), "other")
    if kind in ("telegram", "mail"):
        plugin.notify_format = apprise.NotifyFormat.HTML
    if kind == "telegram" and telegram_api_base:
        plugin.notify_url = telegram_api_base.rstrip("/") + "/bot"
    return Channel(name=name, kind=kind, plugin=plugin)


def takes_pictures(channel: Channel) -> bool:
    """Whether this channel can carry a picture at all."""
    return channel.plugin is not None and bool(channel.plugin.attachment_support)


def follow(channel: Channel, file: Path, caption: str) -> None:
    """A picture after its text; a mail has one of its own for it.

    Raises:
        DeliveryError: not accepted.
    """
    _hand_over(channel, caption if channel.kind == "mail" else "", caption, apprise.NotifyFormat.TEXT, file)


def send(
    channel: Channel,
    title: str,
    body: str,
    html: str = "",
    attachment: Path | None = None,
    picture: Path | None = None,
) -> None:
    """Hand one message to one channel; returns when the channel has accepted it.

    Args:
        title, body: plain text. Control characters go, the body is cut to MAX_CHARS.
        html: the body with our own tags (<b>, <br>) and escaping; empty or too long: made from `body`.
        attachment: a file that goes along where the channel takes files. The text never waits for it: a mail
            carries it, elsewhere it follows the text, and what cannot follow is a line in the log.
        picture: a PNG that goes along in a mail; other channels get theirs by `follow`.

    Raises:
        DeliveryError: not accepted; carries reason, wait and whether it is for good.
    """
    title, body = _printable(title).replace("\n", " "), shorten(_printable(body))
    if channel.kind == "console":
        sys.stdout.write(f"\n{title}\n{body}\n")
        sys.stdout.flush()
        return
    if attachment is not None and not attachment.is_file():
        log.warning(
            "channel %s: %s is not on this machine: the text goes alone", channel.name, attachment.name
        )
        attachment = None
    if channel.kind == "other":
        _hand_over(channel, title, body, apprise.NotifyFormat.TEXT)
        _follow(channel, attachment)
        return
    rich = _BREAK.sub("\n", html)
    if not rich or len(rich) > MAX_CHARS:
        rich = html_text.escape(body, quote=False)
    if channel.kind == "mail":
        _hand_over(channel, title, _with_line_breaks(rich), apprise.NotifyFormat.HTML, attachment, picture)
        return
    _send_telegram(channel, title, body, rich)
    _follow(channel, attachment)


def shorten(text: str, limit: int = MAX_CHARS) -> str:
    """`text`, cut at a line's end so that its HTML-escaped form keeps to `limit`; says how many lines went.

    >>> shorten("one\\ntwo\\nthree", limit=12)
    'one\\n… (+2)'
    """
    if len(html_text.escape(text, quote=False)) <= limit:
        return text
    lines, kept, used = text.split("\n"), [], 8  # the last line's "… (+NNN)"
    for line in lines:
        used += len(html_text.escape(line, quote=False)) + 1
        if used > limit:
            break
        kept.append(line)
    if not kept:  # one endless line: five characters may stand for one after escaping
        return lines[0][: max(1, limit // 5 - 8)] + "…"
    return "\n".join([*kept, f"… (+{len(lines) - len(kept)})"])


def _send_telegram(channel: Channel, title: str, body: str, rich: str) -> None:
    """HTML first; when the Bot API cannot parse it, once more without a single tag."""
    head = html_text.escape(title, quote=False)
    try:
        _hand_over(channel, "", f"<b>{head}</b>\n{rich}", apprise.NotifyFormat.HTML)
    except DeliveryError as refused:
        if refused.reason != "unparsable":
            raise
        plain = html_text.escape(body, quote=False)
        _hand_over(channel, "", f"{head}\n{plain}", apprise.NotifyFormat.HTML)


def _follow(channel: Channel, attachment: Path | None) -> None:
    """The file after its text. Refused, it is not tried again: the text would come twice with it."""
    if attachment is None or not channel.plugin.attachment_support:
        return
    try:
        _hand_over(channel, "", attachment.name, apprise.NotifyFormat.TEXT, attachment)
    except DeliveryError as refused:
        log.warning(
            "channel %s: %s did not follow its text: %s", channel.name, attachment.name, refused.reason
        )


def _hand_over(channel: Channel, title: str, body: str, body_format: Any, *files: Path | None) -> None:
    desk = apprise.Apprise(asset=channel.plugin.asset)
    desk.add(channel.plugin)
    with _overhear() as lines:
        attach = [str(file) for file in files if file is not None] or None
        is_accepted = bool(desk.notify(body=body or " ", title=title, body_format=body_format, attach=attach))
    if not is_accepted:
        raise refusal("\n".join(lines))


# --- why a channel said no -------------------------------------------------------------------------

_STATUS = re.compile(r"error=(\d{3})\b")
_WAIT = re.compile(r'retry after (\d+)|"retry_after"\s*:\s*(\d+(?:\.\d+)?)', re.IGNORECASE)
_SMTP = re.compile(r"Socket Exception: .*?\b([45]\d\d)\b")
_DEAD_CHAT = re.compile(r"chat not found|bot was (blocked|kicked)|user is deactivated|PEER_ID_INVALID", re.I)


def refusal(log: str) -> DeliveryError:
    """What Apprise's log lines of one failed send mean.

    >>> refusal("Failed to send …: Too Many Requests: retry after 7, error=429.").retry_after_s
    7.0
    """
    status = int(found.group(1)) if (found := _STATUS.search(log)) else None
    words = _first_line(log)
    if status == 429:
        wait = _WAIT.search(log)
        seconds = float(next(group for group in wait.groups() if group)) if wait else None
        return DeliveryError(words, reason="rate_limited", retry_after_s=seconds)
    if status in (401, 403, 404) or (status == 400 and _DEAD_CHAT.search(log)):
        return DeliveryError(words, reason="misconfigured", is_permanent=True)
    if status == 400 and "parse" in log.lower():
        return DeliveryError(words, reason="unparsable", is_permanent=True)
    if status is not None and 400 <= status < 500 and status != 408:
        return DeliveryError(words, reason="rejected", is_permanent=True)
    if status is not None:
        return DeliveryError(words, reason="unavailable")
    return _mail_refusal(log, words)


def _mail_refusal(log: str, words: str) -> DeliveryError:
    code = int(found.group(1)) if (found := _SMTP.search(log)) else None
    if code in (530, 534, 535):  # RFC 4954: authentication needed, too weak, or wrong
        return DeliveryError(f"{words} ({code})", reason="misconfigured", is_permanent=True)
    if code is not None:
        return DeliveryError(f"{words} ({code})", reason="rejected" if code >= 500 else "unavailable")
    if "no Email recipients" in log or "no Telegram chat_ids" in log:
        return DeliveryError(words, reason="misconfigured", is_permanent=True)
    return DeliveryError(words, reason="unreachable")


def _first_line(log: str) -> str:
    """The first line of a log that may be shown: never a payload or a response."""
    shown = (line for line in log.splitlines() if line and not line.startswith(("Response", "Socket")))
    return next(shown, "not accepted")[:200]


# --- overhearing Apprise ---------------------------------------------------------------------------


class _Ear(logging.Filter):
    """Keeps the lines of threads that listen; lets nothing below WARNING pass to any handler."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: dict[int, list[str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        lines = self.heard.get(record.thread or 0)
        text = record.getMessage() if lines is not None else ""
        if lines is not None and (
            record.levelno >= logging.WARNING or text.startswith(("Response Details", "Socket Exception"))
        ):
            lines.append(text)
        return record.levelno >= logging.WARNING and lines is None


_EAR = _Ear()
_APPRISE_LOG = logging.getLogger("apprise")


def _listen() -> None:
    if _EAR not in _APPRISE_LOG.filters:
        _APPRISE_LOG.addFilter(_EAR)


@contextlib.contextmanager
def _overhear() -> Iterator[list[str]]:
    """The log lines that Apprise writes in this thread meanwhile; nobody else sees them."""
    _listen()
    _APPRISE_LOG.setLevel(logging.DEBUG)
    thread = threading.get_ident()
    lines: list[str] = []
    _EAR.heard[thread] = lines
    try:
        yield lines
    finally:
        del _EAR.heard[thread]


# --- text ------------------------------------------------------------------------------------------

_BREAK = re.compile(r"<br\s*/?>\n?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def _printable(text: str) -> str:
    """Without control characters and direction overrides, which let a name rewrite its surroundings."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _with_line_breaks(html: str) -> str:
    return html.replace("\n", "<br>\n")


def _scheme(plugin: Any) -> str:
    names = plugin.secure_protocol or plugin.protocol or ""
    names = (names,) if isinstance(names, str) else tuple(names)
    return next((name for name in names if name in ("tgram", "mailto", "mailtos")), "other")
