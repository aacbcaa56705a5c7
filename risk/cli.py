"""The command `risk`. Every command ends with an exit status and one line of reason.

Imports stay inside the commands: `risk --help` is to answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata
from typing import Literal

from cyclopts import App, CycloptsError

from risk.commands import running
from risk.commands.alert import alert
from risk.commands.backtest import backtest
from risk.commands.database import db
from risk.commands.history import history
from risk.commands.init import init
from risk.commands.report import report
from risk.commands.simulate import simulate
from risk.commands.size import size
from risk.commands.strategies import strategies

EXIT_FAILED = 1
EXIT_REFUSED = 2
EXIT_HELD = 3
EXIT_INTERRUPTED = 130
ENDINGS = {"HeldError": ("held", EXIT_HELD), "StoppedError": ("interrupted", EXIT_INTERRUPTED)}

app = App(
    name="risk",
    help="A risk desk beside a Binance USD-M futures account: live scores, exits and alerts. It only reads.",
    help_epilogue=(
        "Begin with `risk demo`: a simulated exchange, nothing to configure. Then `risk init` asks what the"
        " real one needs, `risk doctor` says what is missing, and `risk up` runs it.\n\n"
        "Exit status: 0 done · 1 failed or not all is well · 2 refused (settings, database, key) · 3 another"
        " process holds it · 130 interrupted."
    ),
    version=lambda: metadata.version("crypto-risk"),
    version_flags=["--version"],
)
app.command(init)
for command in (running.demo, running.up, running.status, running.doctor, running.watch, running.watchdog):
    app.command(command)
app.command(simulate)
app.command(size)
app.command(report)
app.command(db)
app.command(alert)
app.command(backtest)
app.command(history)
app.command(strategies)


@app.command
def completion(shell: Literal["bash", "zsh", "fish"]) -> int:
    """Print what lets a shell complete `risk`, e.g. `eval "$(risk completion bash)"` in ~/.bashrc.

    Args:
        shell: bash, zsh or fish.
    """
    print(app.generate_completion(shell=shell).rstrip("\n"))
    return 0


def _guarded(command: Callable[[], int | None]) -> int:
    """The command's exit status; our errors become one line on standard error."""
    from risk.errors import KeyRejectedError, RiskError, SettingsError

    try:
        return command() or 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except CycloptsError as cause:
        print(f"refused: {' '.join(str(cause).split())} See `risk --help`.", file=sys.stderr)
        return EXIT_REFUSED
    except (SettingsError, KeyRejectedError) as cause:
        print(f"refused: {cause}", file=sys.stderr)
        return EXIT_REFUSED
    except RiskError as cause:
        word, code = ENDINGS.get(type(cause).__name__, ("failed", EXIT_FAILED))
        print(f"{word}: {cause}", file=sys.stderr)
        return code
    except OSError as cause:
        print(f"failed: {cause}", file=sys.stderr)
        return EXIT_FAILED


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the command."""
    return _guarded(
        lambda: app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    )


if __name__ == "__main__":
    sys.exit(main())
