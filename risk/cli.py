"""The command `risk`. Every command ends with an exit status and one line of reason.

Imports stay inside the commands: `risk --help` is to answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, CycloptsError, Parameter, validators

if TYPE_CHECKING:
    from rich.console import Console

    from risk.adapters.settings import Settings

EXIT_FAILED = 1
EXIT_REFUSED = 2
EXIT_HELD = 3
EXIT_INTERRUPTED = 130
ENDINGS = {"HeldError": ("held", EXIT_HELD), "StoppedError": ("interrupted", EXIT_INTERRUPTED)}

app = App(
    name="risk",
    help="A risk desk beside a Binance USD-M futures account: live scores, exits and alerts. It only reads.",
    help_epilogue=(
        "Begin with `risk demo`: a simulated exchange, nothing to configure. Then `risk doctor` says what is"
        " missing for the real one, and `risk up` runs it.\n\n"
        "Exit status: 0 done · 1 failed or not all is well · 2 refused (settings, database, key) · 3 another"
        " process holds it · 130 interrupted."
    ),
    version=lambda: metadata.version("crypto-risk"),
    version_flags=["--version"],
)
db = App(name="db", help="The database: bring its schema up to date, print its address, open psql.")
app.command(db)
alert = App(name="alert", help="Alerts: list them, acknowledge or silence them, test the channels.")
app.command(alert)

Seconds = Annotated[float, Parameter(validator=validators.Number(gt=0))]
Positive = Seconds  # a price, a leverage, money
Folder = Annotated[Path, Parameter(validator=validators.Path(exists=True, file_okay=False))]
File = Annotated[Path, Parameter(validator=validators.Path(exists=True, dir_okay=False))]
Port = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))]
Begin = Annotated[str | None, Parameter(name="--from")]
Scenario = Literal[
    "calm", "trend", "flash_crash", "slow_bleed", "squeeze", "altcoin_collapse", "demo"
]  # risk.simulator.scenarios.SCENARIOS; a test compares them


@app.command
def demo(
    *,
    archive: Folder | None = None,
    from_: Begin = None,
    speed: Seconds | None = None,
    scenario: Scenario = "demo",
    seed: int = 7,
    symbols: str = "BTCUSDT,ETHUSDT,SOLUSDT",
    for_: Annotated[Seconds | None, Parameter(name="--for")] = None,
    port: Port = 0,
) -> int:
    """Run the whole desk against a simulated exchange, and show a crash being noticed.

    Alerts go to this terminal, to a local mail sink and to a local stand-in for Telegram. Exit status with
    --for: 0 when every part did its work, 1 with the reasons when not.

    Args:
        archive: folder of recorded klines, funding and open interest to replay instead of a scenario.
        from_: where the replay begins, e.g. 2024-08-05 or 2022-06-13T00:00:00; UTC.
        speed: how many times faster than the clock.
        scenario: calm, trend, flash_crash, slow_bleed, squeeze, altcoin_collapse or demo.
        seed: of the random market; the same seed gives the same prices.
        symbols: contracts, separated by commas.
        for_: end by itself after so many seconds, with a summary.
        port: of Prefect's pages; 0 takes 4200 where it is free.
    """
    from risk.runtime.demo import ARCHIVE_FROM, Wish, run

    wish = Wish(
        archive=archive.resolve() if archive else None,
        archive_from=_begin(from_ or ARCHIVE_FROM).isoformat(),
        speed=speed,
        scenario=scenario,
        seed=seed,
        symbols=tuple(part.strip() for part in symbols.split(",") if part.strip()),
        for_s=for_,
        port=port,
    )
    return run(_settings(), wish, _console())


@app.command
def up() -> int:
    """Run the desk against the real exchange until Ctrl-C; without an API key it watches the market."""
    from risk.runtime.stack import up as run

    return run(_settings(), _say)


@app.command
def status() -> int:
    """Say how the desk is: 0 all is well · 1 something is late or down · 2 alerts cannot go out."""
    from risk.runtime.status import report

    console = _console()
    findings = report(_settings(), width=console.width)
    if findings.table:  # "" where there is nothing to show
        console.print(findings.table)
    _say(findings.reason)
    return findings.code


@app.command
def doctor() -> int:
    """Check versions, settings, database, exchange, key, Prefect and channels; each fault with its remedy."""
    from risk.runtime.doctor import examine

    console = _console()
    code = 0
    for finding in examine():
        console.print(finding.line(), soft_wrap=True, highlight=False, markup=True)
        code = max(code, finding.exit_code)
    _say({0: "ready", 1: "ready, with warnings", 2: "not ready: see the lines that say fail"}[code])
    return 0 if code < EXIT_REFUSED else EXIT_FAILED


@app.command
def watch(*, every: Seconds = 2.0, once: bool = False) -> int:
    """Show the live table of a desk that runs, from its database; also over ssh. Ctrl-C ends it.

    Args:
        every: seconds between two looks.
        once: print it once and end.
    """
    from risk.runtime.watching import watch as run

    return run(_settings(), _console(), every_s=every, once=once)


@app.command
def watchdog() -> int:
    """Watch the desk's database until Ctrl-C, from here or another machine; speak when it is blind."""
    from risk.runtime.heartbeat import watch as run

    return run(_settings(), _say)


@app.command
def simulate(
    *,
    port: Port = 8899,
    scenario: Scenario = "calm",
    archive: Folder | None = None,
    from_: Begin = None,
    speed: Seconds = 1.0,
    seed: int = 7,
    symbols: str = "BTCUSDT,ETHUSDT,SOLUSDT",
    account: str = "demo",
    faults: File | None = None,
) -> int:
    """Run the simulated exchange alone: Binance's REST and WebSocket on the loopback address.

    Args:
        port: 0 takes a free one; the first line printed says which.
        scenario: calm, trend, flash_crash, slow_bleed, squeeze, altcoin_collapse or demo.
        archive: folder of recorded data to replay instead.
        from_: where the replay begins, e.g. 2024-08-05 (the default) or 2022-06-13T00:00:00; UTC.
        speed: how many times faster than the clock.
        seed: of the random market.
        symbols: contracts, separated by commas.
        account: demo, flat, hedge, multi or random:SEED.
        faults: script of faults, JSON lines.
    """
    from risk.simulator.server import serve
    from risk.simulator.world import SimulatorConfig

    serve(
        SimulatorConfig(
            port=port,
            scenario=scenario,
            archive_dir=archive,
            archive_from=_begin(from_ or "2024-08-05") if archive else None,
            speed=speed,
            seed=seed,
            symbols=tuple(part.strip() for part in symbols.split(",")),
            account=account,
            faults=faults,
        )
    )
    return 0


@app.command
def size(
    symbol: str,
    *,
    side: Literal["long", "short"],
    entry: Positive | None = None,
    stop: Positive | None = None,
    leverage: Positive | None = None,
    equity: Positive | None = None,
) -> int:
    """Say how much of a symbol may be opened now, where to stop and to take profit, and what bound it.

    It reads the newest state of a desk that runs. Exit status: 0 a size (0 too, with its reason) · 1
    something is missing or too old · 2 refused.

    Args:
        symbol: a watched contract, e.g. BTCUSDT.
        side: long or short.
        entry: USDT per coin; the mark by default.
        stop: USDT per coin; the volatility stop by default.
        leverage: of the position; the symbol's own by default, or 20.
        equity: USDT; the account's by default.
    """
    from risk.advice import Wish
    from risk.runtime.size import answer

    wish = Wish(
        symbol=symbol.upper(), side=side.upper(), entry=entry, stop=stop, leverage=leverage, equity=equity
    )
    found = answer(_settings(), wish)
    _console().print(found.table)
    _say(found.reason)
    return found.code


@db.command
def migrate() -> int:
    """Bring the schema up to date; starts the embedded server where no other is configured."""
    from risk.adapters import migrate as migrations
    from risk.runtime.database import reachable

    with reachable(_settings(), starts=True) as url:
        before = migrations.current(url)
        after = migrations.upgrade(url)
    _say(f"schema is at {after}" if before == after else f"schema went from {before or 'nothing'} to {after}")
    return 0


@db.command
def url() -> int:
    """Print the database's address, for psql and other programs."""
    from risk.runtime.database import address

    print(address(_settings()))
    return 0


@db.command
def shell() -> int:
    """Open psql on the database."""
    from risk.runtime.database import open_shell

    return open_shell(_settings())


@alert.command(name="list")
def list_() -> int:
    """Show the alerts that stand, why each was told or not, and what is silenced."""
    from risk.runtime.alerts import listing

    table, reason = listing(_settings())
    _console().print(table)
    _say(reason)
    return 0


@alert.command
def ack(
    name: str, scope: str = "*", *, for_: Annotated[str, Parameter(name="--for")] = "4h", reason: str = ""
) -> int:
    """Do not repeat what stands now; that it gets worse or is over is told.

    Args:
        name: of the alert, * for any characters.
        scope: symbol, SYMBOL/LONG, account or *.
        for_: 45m, 2h, 1d.
        reason: kept beside it.
    """
    from risk.runtime.alerts import keep_back

    _say(keep_back(_settings(), "acknowledge", name, scope, for_, reason))
    return 0


@alert.command
def silence(
    name: str, scope: str = "*", *, for_: Annotated[str, Parameter(name="--for")] = "2h", reason: str = ""
) -> int:
    """Tell nothing of these alerts for a while, critical ones included.

    Args:
        name: of the alert, * for any characters.
        scope: symbol, SYMBOL/LONG, account or *.
        for_: 45m, 2h, 1d.
        reason: kept beside it.
    """
    from risk.runtime.alerts import keep_back

    _say(keep_back(_settings(), "silence", name, scope, for_, reason))
    return 0


@alert.command
def lift(name: str, scope: str = "*") -> int:
    """End what was silenced or acknowledged by this name and scope."""
    from risk.runtime.alerts import lift as run

    _say(run(_settings(), name, scope))
    return 0


@alert.command
def test(channel: str | None = None) -> int:
    """Send a test through the desk that runs to all channels, or to one."""
    from risk.runtime.alerts import test as run

    for line in run(_settings(), channel):
        _say(line)
    return 0


def _begin(text: str) -> datetime:
    """The moment that --from names; without an offset it is UTC.

    Raises:
        SettingsError: it names none.
    """
    from risk.errors import SettingsError

    try:
        at = datetime.fromisoformat(text)
    except ValueError as cause:
        raise SettingsError(f"--from {text}: {cause}; write 2024-08-05 or 2022-06-13T00:00:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _settings() -> Settings:
    from risk.adapters import settings

    return settings.load()


def _console() -> Console:
    from rich.console import Console

    return Console()


def _say(line: str) -> None:
    print(line, flush=True)


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
