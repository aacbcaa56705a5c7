"""`!contractInfo`: a contract whose status, end or maintenance ladder has changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from risk.adapters import wire_checks as check
from risk.adapters.wire_checks import Id
from risk.adapters.wire_reference import NO_DELIVERY_MS, Tier, ladder
from risk.adapters.wire_stream import COIN_MARGINED, unwrap
from risk.records import LeverageBracket

TRADED = "TRADING"


@dataclass(frozen=True, slots=True)
class ContractChange:
    """What the exchange told of one contract.

    Attributes:
        status: its word, TRADING where all is well.
        delivery_at: end of the contract; None: a perpetual without an announced one.
        ladder: the new maintenance ladder by tier; empty where it did not change.
    """

    symbol: str
    event_at: datetime
    status: str
    delivery_at: datetime | None
    ladder: tuple[LeverageBracket, ...]

    @property
    def ends(self) -> bool:
        """Whether it is not traded, or its end is announced."""
        return self.status != TRADED or self.delivery_at is not None


class _Bracket(msgspec.Struct):
    tier: Id = msgspec.field(name="bs")
    floor: Decimal = msgspec.field(name="bnf")
    cap: Decimal = msgspec.field(name="bnc")
    rate: Decimal = msgspec.field(name="mmr")
    cum: Decimal = msgspec.field(name="cf")
    most_leverage: Id = msgspec.field(name="ma")


class _ContractInfo(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    at_ms: int = msgspec.field(name="E")
    status: str = msgspec.field(name="cs")
    delivery_ms: int = msgspec.field(name="dt", default=NO_DELIVERY_MS)
    brackets: list[_Bracket] = msgspec.field(name="bks", default_factory=list)
    market: Id = msgspec.field(name="st", default=1)


def decode_contract_info(frame: bytes, *, received_at: datetime) -> ContractChange | None:
    """What changed; None for a coin-margined contract.

    The ladder's time is the later of the exchange's clock and ours, so that a reading of the table that was
    asked for before the frame came does not look newer.

    Raises:
        PayloadError: unreadable, or a ladder with an impossible tier.
    """
    source = "contractInfo stream"
    row = check.decode(source, unwrap(frame)[1], _ContractInfo)
    if row.market == COIN_MARGINED:
        return None
    symbol, event_at = check.name(source, "s", row.symbol), check.moment(source, "E", row.at_ms)
    tiers = [Tier(one.tier, one.most_leverage, one.cap, one.floor, one.rate, one.cum) for one in row.brackets]
    known_at = max(event_at, received_at)
    return ContractChange(
        symbol,
        event_at,
        check.name(source, "cs", row.status),
        None if row.delivery_ms in (0, NO_DELIVERY_MS) else check.moment(source, "dt", row.delivery_ms),
        ladder(source, symbol, tiers, event_at=known_at, received_at=received_at, origin="stream")
        if tiers
        else (),
    )
