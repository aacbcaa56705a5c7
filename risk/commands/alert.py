"""Alerts: list, acknowledge, silence, lift, test."""

from __future__ import annotations

from cyclopts import App

from risk.commands import terminal
from risk.commands.arguments import For

alert = App(name="alert", help="Alerts: list them, acknowledge or silence them, test the channels.")


@alert.command(name="list")
def list_() -> int:
    """Show the alerts that stand, why each was told or not, and what is silenced."""
    from risk.runtime.alerts import listing

    table, reason = listing(terminal.settings())
    terminal.console().print(table)
    terminal.say(reason)
    return 0


@alert.command
def ack(name: str, scope: str = "*", *, for_: For = "4h", reason: str = "") -> int:
    """Do not repeat what stands now; that it gets worse or is over is told.

    Args:
        name: of the alert, * for any characters.
        scope: symbol, SYMBOL/LONG, account or *.
        for_: 45m, 2h, 1d.
        reason: kept beside it.
    """
    from risk.runtime.alerts import keep_back

    terminal.say(keep_back(terminal.settings(), "acknowledge", name, scope, for_, reason))
    return 0


@alert.command
def silence(name: str, scope: str = "*", *, for_: For = "2h", reason: str = "") -> int:
    """Tell nothing of these alerts for a while, critical ones included.

    Args:
        name: of the alert, * for any characters.
        scope: symbol, SYMBOL/LONG, account or *.
        for_: 45m, 2h, 1d.
        reason: kept beside it.
    """
    from risk.runtime.alerts import keep_back

    terminal.say(keep_back(terminal.settings(), "silence", name, scope, for_, reason))
    return 0


@alert.command
def lift(name: str, scope: str = "*") -> int:
    """End what was silenced or acknowledged by this name and scope."""
    from risk.runtime.alerts import lift as run

    terminal.say(run(terminal.settings(), name, scope))
    return 0


@alert.command
def test(channel: str | None = None) -> int:
    """Send a test through the desk that runs to all channels, or to one."""
    from risk.runtime.alerts import test as run

    for line in run(terminal.settings(), channel):
        terminal.say(line)
    return 0
