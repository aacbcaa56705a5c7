"""The only way out: a transport that lets through documented reads and nothing else.

Every client of this project is built on it, so that no bug and no dependency can place an order:
what is not on the list never reaches a socket.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import httpx

from risk.errors import ForbiddenCallError

FUTURES_READS = frozenset(
    {
        ("GET", "/fapi/v1/time"),
        ("GET", "/fapi/v1/exchangeInfo"),
        ("GET", "/fapi/v1/depth"),
        ("GET", "/fapi/v1/ticker/24hr"),
        ("GET", "/fapi/v1/klines"),
        ("GET", "/fapi/v1/premiumIndex"),
        ("GET", "/fapi/v1/fundingRate"),
        ("GET", "/fapi/v1/fundingInfo"),
        ("GET", "/fapi/v1/openInterest"),
        ("GET", "/futures/data/openInterestHist"),
        ("GET", "/fapi/v1/insuranceBalance"),
        ("GET", "/fapi/v1/symbolAdlRisk"),
        ("GET", "/fapi/v1/assetIndex"),
        ("GET", "/fapi/v1/forceOrders"),
        ("GET", "/fapi/v1/openOrders"),
        ("GET", "/fapi/v1/openAlgoOrders"),
        ("GET", "/fapi/v3/account"),
        ("GET", "/fapi/v3/positionRisk"),
        ("GET", "/fapi/v1/symbolConfig"),
        ("GET", "/fapi/v1/accountConfig"),
        ("GET", "/fapi/v1/leverageBracket"),
        ("GET", "/fapi/v1/income"),
        ("POST", "/fapi/v1/listenKey"),
        ("PUT", "/fapi/v1/listenKey"),
        ("DELETE", "/fapi/v1/listenKey"),
    }
)
SPOT_READS = frozenset(
    {("GET", "/api/v3/depth"), ("GET", "/api/v3/ticker/24hr"), ("GET", "/api/v3/klines")},
)
WALLET_READS = frozenset({("GET", "/sapi/v1/account/apiRestrictions")})

Call = tuple[str, str, str]
"""Method, origin ("scheme://host:port") and path."""


def calls(base_url: str, reads: Iterable[tuple[str, str]]) -> frozenset[Call]:
    """The allowed calls under one base address."""
    parts = urlsplit(base_url)
    return frozenset((method, origin(base_url), parts.path.rstrip("/") + path) for method, path in reads)


def origin(url: str) -> str:
    """Scheme, host and port of an address, the port spelled out."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


class GuardTransport(httpx.BaseTransport):
    """Passes allowed calls on to another transport.

    Args:
        allowed: exact method, origin and path; a query is not part of it.
        inner: what really sends.
    """

    def __init__(self, allowed: Iterable[Call], inner: httpx.BaseTransport) -> None:
        self._allowed = frozenset(allowed)
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the inner transport.

        Raises:
            ForbiddenCallError: the call is not on the list; nothing was sent.
        """
        path = request.url.raw_path.partition(b"?")[0].decode("ascii", "replace")
        port = request.url.port or {"https": 443, "http": 80}.get(request.url.scheme, 0)
        where = f"{request.url.scheme}://{request.url.host.lower()}:{port}"
        if (request.method, where, path) not in self._allowed:
            raise ForbiddenCallError(f"{request.method} {where}{path} is not a documented read")
        named = urlsplit(f"//{request.headers.get('host', '')}").hostname
        if named not in (None, request.url.host.lower()):
            raise ForbiddenCallError(f"{request.method} {where}{path} names another host in its header")
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the inner transport."""
        self._inner.close()
