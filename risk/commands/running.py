"""Run a desk and look at it: demo, up, status, doctor, watch, watchdog."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from risk.commands import terminal
from risk.commands.arguments import Begin, File, Folder, Port, Scenario, Seconds, begin

FAILED = 1
REFUSED = 2


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
        archive_from=begin(from_ or ARCHIVE_FROM).isoformat(),
        speed=speed,
        scenario=scenario,
        seed=seed,
        symbols=tuple(part.strip() for part in symbols.split(",") if part.strip()),
        for_s=for_,
        port=port,
    )
    return run(terminal.settings(), wish, terminal.console())


def up() -> int:
    """Run the desk against the real exchange until Ctrl-C; without an API key it watches the market."""
    from risk.runtime.stack import up as run

    return run(terminal.settings(), terminal.say)


def status() -> int:
    """Say how the desk is: 0 all is well · 1 something is late or down · 2 alerts cannot go out."""
    from risk.runtime.status import report

    console = terminal.console()
    findings = report(terminal.settings(), width=console.width)
    if findings.table:  # "" where there is nothing to show
        console.print(findings.table)
    terminal.say(findings.reason)
    return findings.code


def doctor() -> int:
    """Check versions, settings, database, exchange, key, Prefect and channels; each fault with its remedy."""
    from risk.runtime.doctor import examine

    console = terminal.console()
    code = 0
    for finding in examine():
        console.print(finding.line(), soft_wrap=True, highlight=False, markup=True)
        code = max(code, finding.exit_code)
    terminal.say({0: "ready", 1: "ready, with warnings", 2: "not ready: see the lines that say fail"}[code])
    return 0 if code < REFUSED else FAILED


def watch(*, every: Seconds = 2.0, once: bool = False) -> int:
    """Show the live table of a desk that runs, from its database; also over ssh. Ctrl-C ends it.

    Args:
        every: seconds between two looks.
        once: print it once and end.
    """
    from risk.runtime.watching import watch as run

    return run(terminal.settings(), terminal.console(), every_s=every, once=once)


def watchdog(
    *,
    url: str | None = None,
    token_file: File | None = None,
    ca_file: File | None = None,
    plain_http: Annotated[bool | None, Parameter(negative=())] = None,
) -> int:
    """Watch the desk's database or page until Ctrl-C, from here or another machine; speak when it is blind.

    Args:
        url: of the desk's page, e.g. https://desk.example.org; without one the database is read.
        token_file: file that holds the page's token and nothing else.
        ca_file: certificates, PEM, that the page's certificate is signed by.
        plain_http: let the token go over the network unencrypted.
    """
    from risk.runtime.heartbeat import configured
    from risk.runtime.heartbeat import watch as run

    wish = {"url": url, "ca_file": ca_file, "plain_http": plain_http}
    return run(configured(terminal.settings(), wish, token_file), terminal.say)
