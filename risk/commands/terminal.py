"""What every command needs: the settings, the terminal, one line to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from risk.adapters.settings import Settings


def settings() -> Settings:
    """The settings in force."""
    from risk.adapters import settings as adapter

    return adapter.load()


def console() -> Console:
    """The terminal."""
    from rich.console import Console

    return Console()


def say(line: str) -> None:
    """One line on standard output, at once."""
    print(line, flush=True)
