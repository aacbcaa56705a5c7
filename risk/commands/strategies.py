"""The trader's strategies: their returns into the desk, and what they say together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from risk.commands import terminal
from risk.commands.arguments import File, Positive

strategies = App(
    name="strategies", help="How the strategies move together, and whose the risk is; import their returns."
)

Flag = Annotated[bool, Parameter(negative="")]


@strategies.default
def show(*, period: Literal["1d", "1h"] | None = None, csv: Flag = False, json: Flag = False) -> int:
    """Print the shares of the risk, the correlations and the clusters, from the stored returns.

    A pair with fewer than 30 common periods has no correlation: insufficient overlap. Exit status: 0 done ·
    1 nothing is stored, or no database · 2 refused.

    Args:
        period: of the returns; that of the newest ones by default.
        csv: print CSV.
        json: print JSON, all four matrices.
    """
    from risk.errors import SettingsError
    from risk.runtime.strategies import show as run

    if csv and json:
        raise SettingsError("--csv, --json: take one of them")
    form: Literal["table", "csv", "json"] = "csv" if csv else "json" if json else "table"
    return run(terminal.settings(), form, period, terminal.console(), terminal.say)


@strategies.command(name="import")
def take(
    *files: File,
    query: str | None = None,
    database: str | None = None,
    strategy: str | None = None,
    period: Literal["1d", "1h"] | None = None,
    capital: Positive | None = None,
    percent: Flag = False,
    replace: Flag = False,
) -> int:
    """Import returns or closed trades of strategies: all rows, or none when one cannot be true.

    Columns: `strategy`, `date` and `return`; or `date` and one column per strategy; or of trades `strategy`,
    `ts`, `close_ts`, a notional (notional_usdt, notional_usd, stake) and a profit (pnl_usdt, net_pnl_usd,
    profit_abs). `ts` and `date` begin a period, `event_at` ends it; ISO 8601 or ms since 1970, UTC. A missing
    row is a missing return, not 0. Exit status: 0 done · 1 a row is wrong or differs · 2 refused.

    Args:
        files: CSV (also gzipped or zipped) or parquet.
        query: SQL that answers such rows, instead of files.
        database: where the query is asked, postgresql://…; the desk's own by default, as its reader.
        strategy: name, where no column tells it.
        period: of the returns; without it by the distance of the times, trades by day.
        capital: of each strategy of a trade log, USDT; without it the most that each had open at once.
        percent: values are percent.
        replace: let these returns take the place of all stored ones of the same strategies.
    """
    from risk.runtime.strategies import Wish
    from risk.runtime.strategies import take as run

    wish = Wish(
        files=tuple(Path(file) for file in files),
        query=query,
        database=database,
        strategy=strategy,
        period=period,
        capital_usdt=capital,
        is_percent=percent,
        replaces=replace,
    )
    return run(terminal.settings(), wish, terminal.say)
