"""Logging of our processes: one line per event to standard error, without secrets."""

from __future__ import annotations

import logging
import sys

from risk.adapters import redaction
from risk.adapters.settings import Settings

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
CHATTY = ("httpx", "httpcore", "apprise", "websockets", "asyncio", "aiosqlite")


def set_up(settings: Settings | None = None, *, level: int = logging.INFO) -> None:
    """Our loggers at `level`, the chatty libraries at WARNING, every handler redacting. Idempotent."""
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(FORMAT))
        root.addHandler(handler)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("risk", "flows"):
        logging.getLogger(name).setLevel(level)
    redaction.install(secrets_of(settings) if settings else ())


def secrets_of(settings: Settings) -> list[str]:
    """The secret values that this process knows, to be hidden wherever they appear."""
    known = [settings.api_key, settings.api_secret, *(channel.url for channel in settings.channels)]
    known.append(settings.watchdog.ping_url)
    return [secret.get_secret_value() for secret in known if secret is not None]
