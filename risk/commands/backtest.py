"""Put the desk's numbers to the test of history."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter, validators

from risk.commands import terminal
from risk.commands.arguments import Begin, Folder, Positive, begin

backtest = App(name="backtest", help="Put the desk's numbers to the test of history.")

Count = Annotated[int | None, Parameter(validator=validators.Number(gte=1))]


@backtest.command
def var(
    *holdings: str,
    archive: Folder | None = None,
    interval: Literal["1h", "1d"] = "1h",
    from_: Begin = None,
    to: str | None = None,
    venue: Literal["usdm", "spot"] = "usdm",
    window: Count = None,
    refit: Count = None,
    check: Literal["all"] | Annotated[int, Parameter(validator=validators.Number(gte=0))] = 12,
    csv: Path | None = None,
    json: Path | None = None,
    html: Path | None = None,
    language: Literal["en", "zh"] | None = None,
) -> int:
    """Judge value at risk by six methods, each bar forecast from the bars before it.

    Exit status: 0 done, whatever the verdict · 1 too little history · 2 refused.

    Args:
        holdings: BTCUSDT, or a book by weights: BTCUSDT=0.6 ETHUSDT=-0.4 (below 0 is short).
        archive: folder of recorded klines; without it the bars in the desk's database.
        interval: of the bars: 1h or 1d.
        from_: first bar, e.g. 2020-01-01; UTC.
        to: the first bar that does not count any more.
        venue: usdm or spot; of the archive.
        window: returns that each forecast rests on; 2000 hours or 500 days.
        refit: bars between refits; 24 hours or 7 days.
        check: how many of the GARCH fits arch makes as well, to compare log-likelihoods; all for every one.
        csv: write the table of tests.
        json: write the table.
        html: write one self-contained page with pictures and the verdict in words.
        language: of the words; that of the settings by default.
    """
    from risk.errors import SettingsError
    from risk.runtime.backtest_var import Wish, run

    if archive is None and (from_ or to or venue != "usdm"):
        raise SettingsError("--from, --to, --venue: they choose among recorded bars; add --archive DIR")
    settings = terminal.settings()
    wish = Wish(
        holdings=holdings,
        archive=archive.resolve() if archive else None,
        interval=interval,
        since=begin(from_) if from_ else None,
        until=begin(to, "--to") if to else None,
        venue=venue,
        window=window,
        refit_every=refit,
        checks=None if check == "all" else check,
        csv=csv,
        json=json,
        html=html,
        language=language or settings.language,
    )
    return run(settings, wish, terminal.console(), terminal.say)


@backtest.command
def score(
    *symbols: str,
    archive: Folder,
    profile: Literal["default", "seed"] | None = None,
    side: Literal["long", "short"] = "long",
    leverage: tuple[float, ...] = (5.0, 10.0, 20.0),
    notional: Positive = 100_000.0,
    html: Path | None = None,
    json: Path | None = None,
    store: bool = False,
    language: Literal["en", "zh"] | None = None,
) -> int:
    """Replay the whole score over archives: what followed each level, and what past crashes would have been.

    Exit status: 0 done, whatever the verdict · 1 a file cannot be read · 2 refused.

    Args:
        symbols: e.g. BTCUSDT ETHUSDT; all that the folder has, without one.
        archive: folder of recorded bars, funding and open interest.
        profile: limits to judge by; without it those of the settings.
        side: of the hypothetical positions.
        leverage: of the hypothetical positions; repeat the option for several.
        notional: of those positions and of the exits, USDT.
        html: write one self-contained page.
        json: write everything that was found.
        store: keep the run in the desk's database.
        language: of the words; that of the settings by default.
    """
    from risk import limits
    from risk.runtime.backtest_score import Wish, run

    settings = terminal.settings()
    wish = Wish(
        symbols=tuple(symbol.upper() for symbol in symbols),
        archive=archive.resolve(),
        limits=limits.from_mapping({}, profile) if profile else settings.limits,
        side=1 if side == "long" else -1,
        leverages=leverage,
        notional_usdt=notional,
        html=html,
        json=json,
        keep=store,
        language=language or settings.language,
    )
    return run(settings, wish, terminal.console(), terminal.say)
