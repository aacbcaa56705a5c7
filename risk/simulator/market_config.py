"""What a simulated market is made of: contracts, seed, and a scenario or an archive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from risk.errors import SettingsError
from risk.simulator.archives import Replay, prepare
from risk.simulator.spec import SymbolSpec, spec_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketConfig:
    """What the market is made of."""

    start_ms: int  # when the live part begins; history ends here
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    seed: int = 7
    scenario: str = "calm"  # see scenarios.NAMES; with an archive it begins when the archive has ended
    scenario_delay_s: float = 0.0  # calm before the scenario's first second
    archive_dir: Path | None = None  # folder of kl_*, fund_*, oi_*, mark_* files
    archive_from: datetime | None = None  # aware; the archive's instant that falls on start_ms
    speed: float = 1.0  # archive seconds per second in the live part
    interval_hours: tuple[tuple[str, int], ...] = ()  # contracts that settle at another distance than 8 h


def contracts_of(config: MarketConfig) -> dict[str, SymbolSpec]:
    """The contracts by name.

    Raises:
        SettingsError: a name that is no USDT contract, or an impossible funding interval.
    """
    intervals = dict(config.interval_hours)
    try:
        return {name: spec_of(name, interval_hours=intervals.get(name, 8)) for name in config.symbols}
    except ValueError as cause:
        raise SettingsError(f"symbols: {cause}") from cause


def replay_of(config: MarketConfig, specs: tuple[SymbolSpec, ...]) -> Replay | None:
    """The archive of `config`, None without one.

    Raises:
        SettingsError: no instant is given, or the archive does not hold it.
        DataError: a file does not parse or holds what cannot be.
    """
    if config.archive_dir is None:
        return None
    if config.archive_from is None:
        raise SettingsError("archive_from: say which instant falls on now, for example 2022-06-13T00:00Z")
    return prepare(config.archive_dir, config.archive_from, config.start_ms, specs, config.seed)
