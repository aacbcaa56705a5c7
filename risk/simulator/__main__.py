"""`python -m risk.simulator`: the simulated exchange on loopback."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from risk.errors import RiskError
from risk.simulator.presets import PRESETS
from risk.simulator.server import serve
from risk.simulator.world import SimulatorConfig


def aware(text: str) -> datetime:
    """A time in ISO 8601; without an offset it is UTC."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    """ "A=1,B=2" as pairs."""
    return tuple(
        (name, value) for name, _, value in (part.partition("=") for part in text.split(",") if part)
    )


def parser() -> argparse.ArgumentParser:
    """The command line; defaults are the configuration's own."""
    blank = SimulatorConfig()
    found = argparse.ArgumentParser(prog="python -m risk.simulator", description=__doc__)
    add = found.add_argument
    add("--host", default=blank.host)
    add("--port", type=int, default=blank.port, help="0 takes a free one")
    add("--symbols", default=",".join(blank.symbols))
    add("--seed", type=int, default=blank.seed)
    add("--scenario", default=blank.scenario)
    add("--scenario-delay", type=float, default=blank.scenario_delay_s, metavar="SECONDS")
    add("--archive", type=Path, metavar="DIR", help="folder of kl_*, fund_* and oi_* files")
    add("--from", type=aware, dest="archive_from", metavar="TIME")
    add("--speed", type=float, default=blank.speed)
    add("--intervals", type=pairs, default=(), metavar="SOLUSDT=4", help="funding intervals in hours")
    add("--account", default=blank.account, help=f"{', '.join(PRESETS)} or random:SEED")
    add(
        "--falls", type=pairs, default=(), metavar="BTCUSDT=0.1", help="expected falls, size the demo account"
    )
    add("--faults", type=Path, metavar="FILE", help="JSON lines")
    add("--retry-after", action="store_true", help="send Retry-After on fapi too")
    add("--clock-skew-ms", type=int, default=blank.clock_skew_ms)
    add("--request-limit", type=int, default=blank.request_limit, help="weight per minute")
    add("--listen-key-s", type=float, default=blank.listen_key_s)
    add("--ping-every-s", type=float, default=blank.ping_every_s)
    add("--pong-within-s", type=float, default=blank.pong_within_s)
    add("--connection-life-s", type=float, default=blank.connection_life_s)
    return found


def config_of(args: argparse.Namespace) -> SimulatorConfig:
    """The configuration that the command line describes."""
    return SimulatorConfig(
        host=args.host,
        port=args.port,
        symbols=tuple(args.symbols.split(",")),
        seed=args.seed,
        scenario=args.scenario,
        scenario_delay_s=args.scenario_delay,
        archive_dir=args.archive,
        archive_from=args.archive_from,
        speed=args.speed,
        interval_hours=tuple((symbol, int(hours)) for symbol, hours in args.intervals),
        account=args.account,
        account_falls=tuple((symbol, float(fall)) for symbol, fall in args.falls),
        faults=args.faults,
        retry_after=args.retry_after,
        clock_skew_ms=args.clock_skew_ms,
        request_limit=args.request_limit,
        listen_key_s=args.listen_key_s,
        ping_every_s=args.ping_every_s,
        pong_within_s=args.pong_within_s,
        connection_life_s=args.connection_life_s,
    )


def main() -> int:
    """Exit status: 0 after a signal, 2 with one line of reason when it cannot start."""
    try:
        serve(config_of(parser().parse_args()))
    except (RiskError, OSError, ValueError) as cause:
        sys.stderr.write(f"risk.simulator: {cause}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
