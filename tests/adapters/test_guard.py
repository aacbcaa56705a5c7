"""Nothing but documented reads leaves the process: every documented way to trade is tried and stopped."""

from __future__ import annotations

import httpx
import pytest

from risk.adapters import guard, venues
from risk.errors import ForbiddenCallError

BASE = "https://fapi.binance.com"

# Every call that places, changes or cancels, moves money or changes the account, as documented for
# USD-M futures (trade, account, convert), spot, margin, wallet and portfolio margin.
TRADE_CALLS = [
    *[("POST", f"/fapi/v1/{one}") for one in (
        "order", "order/test", "batchOrders", "algoOrder", "leverage", "marginType", "positionMargin",
        "positionSide/dual", "multiAssetsMargin", "feeBurn", "countdownCancelAll", "convert/getQuote",
        "convert/acceptQuote", "stock/contract", "apiReferral/customization")],
    *[("PUT", f"/fapi/v1/{one}") for one in ("order", "batchOrders")],
    *[("DELETE", f"/fapi/v1/{one}") for one in (
        "order", "allOpenOrders", "batchOrders", "algoOrder", "algoOpenOrders")],
    *[("POST", f"/api/v3/{one}") for one in (
        "order", "order/test", "order/cancelReplace", "order/oco", "orderList/oco", "orderList/oto",
        "orderList/otoco", "sor/order", "sor/order/test", "userDataStream")],
    *[("PUT", "/api/v3/order/amend/keepPriority"), ("DELETE", "/api/v3/order"),
      ("DELETE", "/api/v3/openOrders"), ("DELETE", "/api/v3/orderList")],
    *[("POST", f"/sapi/v1/{one}") for one in (
        "capital/withdraw/apply", "asset/transfer", "futures/transfer", "asset/dust", "margin/order",
        "margin/borrow-repay", "margin/order/oco", "sub-account/universalTransfer",
        "account/disableFastWithdrawSwitch", "localentity/withdraw/apply", "convert/acceptQuote",
        "algo/futures/newOrderTwap", "algo/futures/newOrderVp")],
    *[("DELETE", "/sapi/v1/margin/order"), ("DELETE", "/sapi/v1/algo/futures/order")],
    *[("POST", f"/papi/v1/{one}") for one in (
        "um/order", "cm/order", "margin/order", "um/leverage", "um/positionSide/dual", "marginLoan",
        "repayLoan", "auto-collection", "bnb-transfer", "um/conditional/order", "asset-collection")],
    *[("POST", "/dapi/v1/order"), ("DELETE", "/dapi/v1/order"), ("POST", "/dapi/v1/leverage")],
]  # fmt: skip

HOSTS = (BASE, "https://api.binance.com", "https://papi.binance.com", "https://dapi.binance.com")


class _Socket(httpx.BaseTransport):
    """What would send; counts what reaches it."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return httpx.Response(200, json={})


ALLOWED = (
    guard.calls(BASE, guard.FUTURES_READS)
    | guard.calls("https://api.binance.com", guard.SPOT_READS)
    | guard.calls("https://api.binance.com", guard.WALLET_READS)
)


@pytest.fixture
def socket() -> _Socket:
    return _Socket()


@pytest.fixture
def client(socket: _Socket) -> httpx.Client:
    return httpx.Client(transport=guard.GuardTransport(ALLOWED, socket))


@pytest.mark.parametrize(("method", "path"), TRADE_CALLS)
def test_call_that_trades_never_reaches_the_socket(
    client: httpx.Client, socket: _Socket, method: str, path: str
) -> None:
    for host in HOSTS:
        for query in ("", "?symbol=BTCUSDT&signature=abc"):
            with pytest.raises(ForbiddenCallError):
                client.request(method, f"{host}{path}{query}")
    assert socket.sent == []


@pytest.mark.parametrize(("method", "host", "path"), sorted(ALLOWED))
def test_documented_read_passes_and_its_other_methods_do_not(
    client: httpx.Client, socket: _Socket, method: str, host: str, path: str
) -> None:
    client.request(method, f"{host}{path}?symbol=BTCUSDT")
    assert len(socket.sent) == 1
    for other in {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"} - {method}:
        if (other, host, path) not in ALLOWED:
            with pytest.raises(ForbiddenCallError):
                client.request(other, f"{host}{path}")
    assert len(socket.sent) == 1


def test_only_the_stream_key_is_written_at_all() -> None:
    assert {(method, path) for method, _, path in ALLOWED if method != "GET"} == {
        (method, "/fapi/v1/listenKey") for method in ("POST", "PUT", "DELETE")
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://fapi.binance.com/fapi/v1/time",
        "https://fapi.binance.com:8443/fapi/v1/time",
        "https://fapi.binance.com.evil.test/fapi/v1/time",
        "https://evil.test/fapi/v1/time",
        "https://fapi.binance.com@evil.test/fapi/v1/time",
        "https://fapi.binance.com/fapi/v1/time/",
        "https://fapi.binance.com//fapi/v1/time",
        "https://fapi.binance.com/fapi/v1/time/../order",
        "https://fapi.binance.com/fapi/v1/%74ime",
        "https://fapi.binance.com/FAPI/v1/time",
        "https://fapi.binance.com/fapi/v1/time%3Fx",
        "https://fapi.binance.com/api/v3/depth",
        "https://api.binance.com/fapi/v1/depth",
    ],
)
def test_address_that_only_looks_allowed_is_stopped(client: httpx.Client, socket: _Socket, url: str) -> None:
    with pytest.raises(ForbiddenCallError):
        client.get(url)
    assert socket.sent == []


def test_host_header_cannot_name_another_host(client: httpx.Client, socket: _Socket) -> None:
    with pytest.raises(ForbiddenCallError):
        client.get(f"{BASE}/fapi/v1/time", headers={"Host": "api.binance.com"})
    assert socket.sent == []


def test_address_of_a_simulator_keeps_its_port() -> None:
    allowed = guard.calls("http://127.0.0.1:8900/", guard.SPOT_READS)
    assert ("GET", "http://127.0.0.1:8900", "/api/v3/depth") in allowed


def test_other_venues_are_read_on_their_own_addresses_only() -> None:
    calls = venues.allowed(venues.VenueAddresses())
    assert {method for method, _, path in calls if path != "/info"} == {"GET"}
    assert len({host for _, host, _ in calls}) == 7  # six venues and CoinGlass
