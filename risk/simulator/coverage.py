"""Rows that say where each series of a market comes from; see `Market.coverage`."""

from __future__ import annotations

from collections.abc import Sequence

from risk.simulator.archives import BASE, ArchivePath, Replay
from risk.simulator.interest import Covered
from risk.simulator.market_config import MarketConfig
from risk.simulator.series import HOUR, MINUTE, Stretch, runs
from risk.simulator.spec import SymbolSpec
from risk.simulator.timeline import SYNTHETIC, source_of

Row = dict[str, object]
_NOTES = {"archive": "recorded values", "synthetic": "model, see risk/simulator/interest.py"}


def row(symbol: str, series: str, start_ms: int, end_ms: int | None, source: str, note: str) -> Row:
    """One span of one series; `end_ms` None: it has no end."""
    return {
        "symbol": symbol,
        "series": series,
        "start_ms": start_ms,
        "end_ms": end_ms,
        "source": source,
        "note": note,
    }


def generated(
    config: MarketConfig, specs: Sequence[SymbolSpec], past: Sequence[Sequence[Stretch]]
) -> list[Row]:
    """Klines of a market without an archive."""
    note = f"seeded generator, seed {config.seed}, scenario {config.scenario}"
    return [
        row(spec.symbol, "klines", stretches[0].start_ms, None, "synthetic", note)
        for spec, stretches in zip(specs, past, strict=True)
    ]


def modelled(symbol: str, series: str, spans: Sequence[Covered]) -> list[Row]:
    """Funding or open interest: recorded where an archive reaches, else modelled."""
    return [row(symbol, series, start, end, source, _NOTES[source]) for source, start, end in spans]


def live(replay: Replay, path: ArchivePath, specs: Sequence[SymbolSpec]) -> list[Row]:
    """What lies ahead of the start of a replay, and the mark hours before it."""
    rows = []
    for k, spec in enumerate(specs):
        for code, a, b in runs(replay.codes[k]):
            start, end = (round(path.wall(replay.ahead_from_ms + i * BASE)) for i in (a, b))
            source = "synthetic" if code == SYNTHETIC else "archive"
            inside = "beta x BTC plus seeded noise" if code == SYNTHETIC else _bars(code)
            note = f"{inside}, {path.speed:g} times faster, seeded path inside each bar"
            rows.append(row(spec.symbol, "live", start, end, source, note))
        note = "the archive has ended: seeded generator"
        rows.append(row(spec.symbol, "live", path.ends_ms, None, "synthetic", note))
        if (marks := replay.mark[k]) is not None:
            first, last = (int(t) + replay.shift_ms for t in (marks[0][0], marks[0][-1] + HOUR))
            if first < replay.start_ms:
                end = min(last, replay.start_ms)
                rows.append(row(spec.symbol, "mark klines 1h", first, end, "archive", "rows of 60 min"))
    return rows


def _bars(code: int) -> str:
    venue, span = source_of(code)
    return f"bars of {span // MINUTE} min ({'USD-M' if venue == 'um' else 'spot, standing in for USD-M'})"
