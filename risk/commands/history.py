"""History into the database: the exchange's public archive, a folder of files; and what is missing of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from cyclopts import App, Parameter

from risk.commands import terminal
from risk.commands.arguments import begin

history = App(name="history", help="Fetch history from archives; say where it has gaps.")

SERIES = "15m,1h,1d,funding"
Flag = Annotated[bool, Parameter(negative="")]


@history.command
def fetch(
    *symbols: str,
    since: str | None = None,
    until: str | None = None,
    source: str = "https://data.binance.vision",
    series: str = SERIES,
    venue: Literal["usdm", "spot"] = "usdm",
    again: Flag = False,
) -> int:
    """Read files of history into the database. What is stored already is left out: end it and go on later.

    A month that the archive does not have as a whole is taken day by day. A file that does not fit its
    checksum is told of, and nothing of it is stored. Exit status: 0 done · 1 a file failed · 2 refused.

    Args:
        symbols: e.g. BTCUSDT ETHUSDT; those of the settings without any, or all of a folder of files.
        since: first day, e.g. 2024-01-01; UTC. A folder of files is taken whole.
        until: the first day that does not count any more; now by default.
        source: address of an archive, a folder laid out like it, or a folder of CSV or parquet files.
        series: klines by interval, funding, open_interest, depth; separated by commas.
        venue: usdm or spot.
        again: read also files that were stored before.
    """
    from risk.errors import SettingsError
    from risk.runtime.history import Wish
    from risk.runtime.history import fetch as run

    now = datetime.now(UTC)
    wish = Wish(
        symbols=tuple(dict.fromkeys(symbol.upper() for symbol in symbols)),
        source=source,
        series=tuple(dict.fromkeys(part.strip() for part in series.split(",") if part.strip())),
        venue=venue,
        since=begin(since, "--since") if since else None,
        until=begin(until, "--until") if until else now,
        again=again,
    )
    if not wish.series or (wish.since and wish.since >= min(wish.until, now)):
        raise SettingsError(f"--since {since}, --series {series}: nothing lies between them and --until")
    return run(terminal.settings(), wish, terminal.console(), terminal.say)


@history.command
def gaps(*, since: str = "400d", until: str | None = None, csv: Flag = False, json: Flag = False) -> int:
    """Say which bars are missing from the stored history: symbol, interval, from, to, how many.

    The report `data_gaps`. Where the price is quite another one afterwards, statistics begin anew.

    Args:
        since: 7d (before now) or 2026-03-10; UTC.
        until: likewise; now by default.
        csv: print CSV.
        json: print JSON.
    """
    from risk.commands.report import report
    from risk.runtime.database import reachable

    with reachable(terminal.settings(), starts=True):
        return report("data_gaps", since=since, until=until, csv=csv, json=json)
