"""Log lines without secrets: redaction works on the finished text, traceback included."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable

QUIET = ("httpx", "httpcore", "apprise", "websockets", "asyncio")
SHAPES = (
    re.compile(
        r"(?P<before>signature=|listenKey=|[\"']listenKey[\"']:\s*[\"']|X-MBX-APIKEY[\"']?[:=]\s*[\"']?|/bot)"
        r"[^&\s\"'/]+",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<before>[a-z+]+://[^:/@\s]*:)[^@/\s]+(?=@)", re.IGNORECASE),
)
SHORTEST_SECRET = 6  # shorter strings would blank half of the text
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with signatures, listen keys, bot tokens, passwords in addresses and `secrets` as stars.

    >>> redacted("GET /fapi/v3/account?timestamp=1&signature=c0ffee failed")
    'GET /fapi/v3/account?timestamp=1&signature=*** failed'
    """
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    for shape in SHAPES:
        text = shape.sub(r"\g<before>***", text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats as `inner` does, then takes the secrets out."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._inner, self._secrets = inner, tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """One record as text without secrets."""
        return redacted(self._inner.format(record), self._secrets)


def set_up(secrets: Iterable[str] = (), *, level: int = logging.INFO) -> None:
    """Our loggers to standard error, the chatty libraries at WARNING, every handler redacting. Idempotent."""
    secrets = tuple(secrets)
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(FORMAT))
        root.addHandler(handler)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("risk", "flows"):
        logging.getLogger(name).setLevel(level)
    known = [root, *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    for each in {handler for logger in known for handler in logger.handlers}:
        inner = each.formatter or logging.Formatter(FORMAT)
        if not isinstance(inner, RedactingFormatter):
            each.setFormatter(RedactingFormatter(inner, secrets))
