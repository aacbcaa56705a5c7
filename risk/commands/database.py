"""The database: schema, address, psql, backup and restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, validators

from risk.commands import terminal
from risk.commands.arguments import File

Kept = Annotated[int, Parameter(validator=validators.Number(gte=0))]

db = App(
    name="db", help="The database: bring its schema up to date, print its address, open psql, back it up."
)


@db.command
def migrate() -> int:
    """Bring the schema up to date; starts the embedded server where no other is configured."""
    from risk.adapters import migrate as migrations
    from risk.runtime.database import reachable

    with reachable(terminal.settings(), starts=True) as url:
        before = migrations.current(url)
        after = migrations.upgrade(url)
    terminal.say(
        f"schema is at {after}" if before == after else f"schema went from {before or 'nothing'} to {after}"
    )
    return 0


@db.command
def url() -> int:
    """Print the database's address, for psql and other programs; exit status 1 when it does not answer."""
    from risk.runtime.database import address, reachable

    settings = terminal.settings()
    print(address(settings), flush=True)
    with reachable(settings):
        return 0


@db.command
def shell() -> int:
    """Open psql on the database."""
    from risk.runtime.database import open_shell

    return open_shell(terminal.settings())


@db.command
def backup(into: Path = Path("backups"), *, keep: Kept = 14) -> int:
    """Write a backup of everything that the desk knows; also while the desk runs.

    Args:
        into: folder, or a file that ends in .dump.
        keep: of a folder's backups, so many stay; 0 keeps all.
    """
    from risk.runtime.backup import backup as run

    made, forgotten = run(terminal.settings(), into, keep=keep)
    older = f"; {forgotten} older deleted" if forgotten else ""
    terminal.say(f"{made}: {made.stat().st_size / 1e6:.1f} MB{older}")
    return 0


@db.command
def restore(file: File) -> int:
    """Bring a backup into a database without scores, and its schema up to date.

    Args:
        file: written by `risk db backup`.
    """
    from risk.runtime.backup import restore as run

    terminal.say(f"{file} is restored; schema is at {run(terminal.settings(), file)}")
    return 0
