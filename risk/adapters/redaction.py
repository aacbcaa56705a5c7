"""Secrets out of everything that is logged: over the finished text, with its traceback.

A logging filter sees the message before the traceback is appended, so a secret inside an exception
would pass it. Only a formatter has the whole text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Literal

HIDDEN = "•••"
QUIET_LOGGERS = ("httpx", "httpcore", "apprise")
"""They print whole addresses, signatures and bot tokens included, below WARNING."""

_NAMES = r"""signature|listen_?key|x-mbx-apikey|api[-_]?key|api[-_]?secret|secret|token|passw(?:or)?d|pwd"""
_PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    # signature=…, listenKey=…, api_key: …, "secret": "…", X-MBX-APIKEY: …, in any quoting
    (
        ("signature", "key", "secret", "token", "passw", "pwd"),
        re.compile(
            rf"""((?:{_NAMES})['"]?\)?\s*[=:,]\s*(?:b?['"])?)(?!\s|None\b|True\b|False\b)[^\s'"&,;)}}\]]+""",
            re.IGNORECASE,
        ),
        r"\1" + HIDDEN,
    ),
    (
        ("authorization",),
        re.compile(r"(authorization['\"]?\s*[=:]\s*['\"]?(?:bearer|basic)\s+)[^\s'\",]+", re.IGNORECASE),
        r"\1" + HIDDEN,
    ),
    # a bot's token: in the path /bot<id>:<token>/, in tgram://<id>:<token>/, or alone
    ((":", "%3a"), re.compile(r"\d{6,12}(?::|%3A)[A-Za-z0-9_-]{30,}", re.IGNORECASE), HIDDEN),
    # scheme://user:password@host
    (
        ("://",),
        re.compile(r"([a-z][a-z0-9+.-]*://[^\s:/@'\"]*:)[^\s@'\"]+(?=@)", re.IGNORECASE),
        r"\1" + HIDDEN,
    ),
    # private/ws/<listenKey> and ws/<listenKey>
    (("/ws/",), re.compile(r"(/ws/)[A-Za-z0-9]{40,}"), r"\1" + HIDDEN),
    (
        ("private key",),
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        HIDDEN,
    ),
)
"""What must occur in the lower-case text for a pattern to be worth trying; the pattern; what remains."""


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with every secret replaced, known ones by value and all others by their shape.

    >>> redact("GET /fapi/v3/account?timestamp=1&signature=3c66ab")
    'GET /fapi/v3/account?timestamp=1&signature=•••'
    """
    for secret in secrets:
        if len(secret) >= 6:
            text = text.replace(secret, HIDDEN)
    lowered = text.lower()
    for signs, pattern, replacement in _PATTERNS:
        if any(sign in lowered for sign in signs):
            text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats like another formatter, then redacts what came out.

    Args:
        inner: what formats; the standard one by default.
        secrets: values known in this process, hidden wherever they appear.
    """

    def __init__(self, inner: logging.Formatter | None = None, *, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._secrets = tuple(secret for secret in secrets if secret)

    def format(self, record: logging.LogRecord) -> str:
        """The finished line, traceback included, without secrets."""
        return redact(self._inner.format(record), self._secrets)

    def knowing(self, secrets: Iterable[str]) -> RedactingFormatter:
        """The same formatter that hides these values as well."""
        return RedactingFormatter(self._inner, secrets={*self._secrets, *secrets})


def install(secrets: Iterable[str] = (), loggers: Iterable[logging.Logger] | None = None) -> None:
    """Redact on every handler of the given loggers, and quieten the loggers that print addresses.

    Without `loggers`, the root logger and every logger that has handlers of its own. Calling it again adds
    the new secrets and covers handlers that came since.
    """
    known = tuple(secrets)
    chosen = list(loggers) if loggers is not None else [logging.getLogger(), *_named_loggers()]
    for logger in chosen:
        for handler in logger.handlers:
            present = handler.formatter
            if isinstance(present, RedactingFormatter):
                handler.setFormatter(present.knowing(known))
            else:
                handler.setFormatter(RedactingFormatter(present, secrets=known))
    for name in QUIET_LOGGERS:
        quiet = logging.getLogger(name)
        quiet.setLevel(max(quiet.level, logging.WARNING))


def _named_loggers() -> list[logging.Logger]:
    return [one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger)]


Style = Literal["%", "{", "$"]
"""Accepted where a logging configuration builds the formatter from text."""


def formatter(fmt: str | None = None, datefmt: str | None = None, style: Style = "%") -> RedactingFormatter:
    """A redacting formatter for `logging.config`'s "()" key."""
    return RedactingFormatter(logging.Formatter(fmt, datefmt, style))
