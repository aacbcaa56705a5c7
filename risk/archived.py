"""Facts that only archives have, as they are stored; field names = column names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from risk.records import Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedDepth(Observed):
    """What stood near mid by the archive, USDT. None: not in the file, or a band that stood still."""

    symbol: str
    bid_02pct_usdt: float | None  # within 0.2 % of mid
    ask_02pct_usdt: float | None
    bid_1pct_usdt: float | None
    ask_1pct_usdt: float | None
    bid_5pct_usdt: float | None
    ask_5pct_usdt: float | None
    bid_mean_price: float | None  # USDT per coin over the narrowest band
    ask_mean_price: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """One file of history that was stored whole, and which bytes it was."""

    path: str
    symbol: str
    series: str  # "15m", "funding", "open_interest", "depth"
    sha256: str
    is_verified: bool  # by a checksum beside it
    row_count: int  # that counted
    new_count: int  # of them
    refused_count: int
    first_at: datetime | None
    last_at: datetime | None
    stored_at: datetime
