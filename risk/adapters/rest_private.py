"""Reads that need the key: account, ledger, brackets, the key's own rights, the user-data stream's key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from risk.adapters import rest_account, wire
from risk.adapters.rest_holds import Clock
from risk.adapters.rest_line import Call, Line
from risk.adapters.signing import Value
from risk.adapters.weight import SPOT
from risk.adapters.wire_orders import parse_algo_orders, parse_open_orders
from risk.errors import KeyRejectedError, PayloadError, RejectedError, UnreachableError
from risk.records import AccountSnapshot, DataIssue, Income, LeverageBracket, OpenOrder, PositionSnapshot

R = TypeVar("R")

ACCOUNT_DEADLINE_S = 3.0
STREAM_DEADLINE_S = 8.0
LONG_DEADLINE_S = 20.0
CONFIGURATION_AGE_S = 60.0
DISPUTED_AGE_S = 15.0
"""How old a configuration may be when a position contradicts it."""
ORDER_LISTS = {
    "book": ("/fapi/v1/openOrders", parse_open_orders),
    "algo": ("/fapi/v1/openAlgoOrders", parse_algo_orders),
}
ORDER_LIST_WEIGHT = 40
"""Of either list without a symbol."""


class PrivateReads:
    """The signed half of the client; documented at `rest.Exchange`, which passes everything on.

    Args:
        note: takes what was refused in an answer.
    """

    def __init__(
        self, line: Line, clock: Clock, *, account: str, note: Callable[[Iterable[DataIssue]], None]
    ) -> None:
        self._line, self._clock, self._account, self._note = line, clock, account, note
        self._configuration: tuple[float, wire.AccountConfig, Mapping[str, wire.SymbolConfig]] | None = None

    def leverage_brackets(self, symbol: str | None = None) -> list[LeverageBracket]:
        """Maintenance ladders of one symbol or all."""
        body = self._signed("/fapi/v1/leverageBracket", 1, parameters(symbol=symbol))
        parsed = wire.parse_leverage_brackets(body, event_at=self._server_now(), received_at=self._now())
        return self._kept(parsed)

    def forget_configuration(self) -> None:
        """Read leverage, margin types and modes anew with the next account."""
        self._configuration = None

    def account_snapshot(
        self, now: datetime | None = None
    ) -> tuple[AccountSnapshot, tuple[PositionSnapshot, ...]]:
        """Totals and open positions.

        A position that cannot be read must not look closed: one impossible row refuses the whole answer.
        """
        deadline = self._line.deadline(ACCOUNT_DEADLINE_S)
        totals = wire.parse_account(self._account_call("/fapi/v3/account", deadline))
        rest_account.refuse_unsupported(totals)
        body = self._account_call("/fapi/v3/positionRisk", deadline)
        event_at, received_at = self._server_now(), now or self._now()
        parsed = wire.parse_positions(body, received_at=received_at)
        self._whole(parsed)
        mode, configs = self._configured(deadline)
        if rest_account.disagrees(parsed.rows, configs, mode):
            mode, configs = self._configured(deadline, max_age_s=DISPUTED_AGE_S)
        self._note(rest_account.outside_totals(parsed.rows, mode, received_at))
        return rest_account.snapshot(
            totals,
            parsed.rows,
            configs,
            mode,
            account=self._account,
            event_at=event_at,
            received_at=received_at,
        )

    def income(
        self,
        start: datetime | None,
        end: datetime | None,
        *,
        symbol: str | None,
        income_type: str | None,
        limit: int,
    ) -> list[Income]:
        """Ledger lines, oldest first."""
        times = {"startTime": epoch_ms(start), "endTime": epoch_ms(end)}
        params = parameters(symbol=symbol, incomeType=income_type, **times, limit=min(limit, 1000))
        body = self._signed("/fapi/v1/income", 30, params)
        return self._kept(wire.parse_income(body, account=self._account, received_at=self._now()))

    def force_orders(
        self, start: datetime | None, end: datetime | None, *, symbol: str | None
    ) -> list[wire.OwnForcedOrder]:
        """The account's own forced orders."""
        params = parameters(symbol=symbol, startTime=epoch_ms(start), endTime=epoch_ms(end), limit=100)
        body = self._signed("/fapi/v1/forceOrders", 20 if symbol else 50, params)
        return self._kept(wire.parse_force_orders(body, account=self._account, received_at=self._now()))

    def open_orders(self, service: str) -> list[OpenOrder]:
        """The orders of one list, of all symbols; one that cannot be read refuses the whole answer."""
        path, parse = ORDER_LISTS[service]
        body = self._signed(path, ORDER_LIST_WEIGHT, {})
        return self._whole(parse(body, account=self._account, received_at=self._now()))

    def key_restrictions(self) -> wire.KeyRights:
        """What the key may do."""
        call = Call(
            path="/sapi/v1/account/apiRestrictions",
            service="wallet",
            security="signed",
            pool=SPOT,
            deadline_s=STREAM_DEADLINE_S,
        )
        try:
            return wire.parse_key_rights(self._line.send(call))
        except KeyRejectedError:
            raise
        except (RejectedError, UnreachableError, PayloadError) as error:
            return wire.KeyRights(state="unverified", reason=str(error))

    def listen_key_create(self) -> str:
        """The key of the user-data stream."""
        return wire.parse_listen_key(self._listen_key("POST"))

    def listen_key_keepalive(self) -> None:
        """Another 60 minutes."""
        self._listen_key("PUT")

    def listen_key_close(self) -> None:
        """End the stream."""
        self._listen_key("DELETE")

    def _listen_key(self, method: str) -> bytes:
        call = Call(
            path="/fapi/v1/listenKey",
            method=method,
            security="key",
            is_account=True,
            deadline_s=STREAM_DEADLINE_S,
        )
        return self._line.send(call)

    def _account_call(self, path: str, deadline: float) -> bytes:
        call = Call(path=path, security="signed", weight=5, is_account=True, deadline_s=ACCOUNT_DEADLINE_S)
        return self._line.send(call, deadline=deadline)

    def _signed(self, path: str, weight: int, params: Mapping[str, Value]) -> bytes:
        call = Call(path=path, security="signed", params=params, weight=weight, deadline_s=LONG_DEADLINE_S)
        return self._line.send(call)

    def _configured(
        self, deadline: float, *, max_age_s: float = CONFIGURATION_AGE_S
    ) -> tuple[wire.AccountConfig, Mapping[str, wire.SymbolConfig]]:
        known = self._configuration
        if known is not None and self._clock.monotonic() - known[0] < max_age_s:
            return known[1], known[2]
        mode = wire.parse_account_config(self._account_call("/fapi/v1/accountConfig", deadline))
        body = self._account_call("/fapi/v1/symbolConfig", deadline)
        rows = self._kept(wire.parse_symbol_config(body, received_at=self._now()))
        configs = {row.symbol: row for row in rows}
        self._configuration = (self._clock.monotonic(), mode, configs)
        return mode, configs

    def _whole(self, parsed: wire.Parsed[R]) -> list[R]:
        """All rows; where one was refused a missing one must not look absent.

        Raises:
            PayloadError: for the first that was refused.
        """
        rows = self._kept(parsed)
        for first in parsed.issues[:1]:
            raise PayloadError(first.source, f"{first.symbol}.{first.field}", first.value, first.problem)
        return rows

    def _kept(self, parsed: wire.Parsed[R]) -> list[R]:
        self._note(parsed.issues)
        return list(parsed.rows)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(), UTC)

    def _server_now(self) -> datetime:
        return datetime.fromtimestamp(self._line.server_ms() / 1000, UTC)


def parameters(**named: Value | None) -> dict[str, Value]:
    """The parameters that have a value, in the order given."""
    return {key: value for key, value in named.items() if value is not None}


def epoch_ms(at: datetime | None) -> int | None:
    """The exchange's milliseconds of a moment."""
    return None if at is None else round(at.timestamp() * 1000)
