"""Run the simulated exchange alone."""

from __future__ import annotations

from risk.commands.arguments import Begin, File, Folder, Port, Scenario, Seconds, begin


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
            archive_from=begin(from_ or "2024-08-05") if archive else None,
            speed=speed,
            seed=seed,
            symbols=tuple(part.strip() for part in symbols.split(",")),
            account=account,
            faults=faults,
        )
    )
    return 0
