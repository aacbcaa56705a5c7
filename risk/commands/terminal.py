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


def ask(question: str, is_secret: bool) -> str:
    """One answer from the terminal; a secret one is not shown.

    Raises:
        SettingsError: there is nobody to ask.
    """
    import getpass
    import sys

    from risk.errors import SettingsError

    try:
        if is_secret and sys.stdin.isatty():
            return getpass.getpass(question)
        return input(question)
    except EOFError:
        raise SettingsError("there is nobody to ask: run it in a terminal, or with --yes") from None
