"""The exchange's refusals: HTTP status, code and text (BINANCE.md 3.2, payloads/errors.json)."""

from __future__ import annotations


class Rejection(Exception):
    """A refused request. `status` is HTTP's, `code` the exchange's; `headers` go out with it."""

    def __init__(self, status: int, code: int, message: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}
        super().__init__(f"{status} {code} {message}")


def missing(name: str) -> Rejection:
    """-1102: a mandatory parameter was not sent."""
    text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return Rejection(400, -1102, text)


def malformed(name: str) -> Rejection:
    """-1130: a parameter holds what it cannot."""
    return Rejection(400, -1130, f"Data sent for parameter '{name}' is not valid.")


def bad_symbol() -> Rejection:
    """-1121: not listed."""
    return Rejection(400, -1121, "Invalid symbol.")


def bad_interval() -> Rejection:
    """-1120: not a kline interval."""
    return Rejection(400, -1120, "Invalid interval.")


def bad_depth_limit(limit: str) -> Rejection:
    """-4021: fapi depth knows seven limits only."""
    return Rejection(400, -4021, f"'{limit}' is not valid depth limit.")


def outside_window() -> Rejection:
    """-1021: too old for recvWindow."""
    return Rejection(400, -1021, "Timestamp for this request is outside of the recvWindow.")


def ahead_of_server() -> Rejection:
    """-1021: a second or more ahead of the server."""
    return Rejection(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def bad_signature() -> Rejection:
    """-1022."""
    return Rejection(400, -1022, "Signature for this request is not valid.")


def key_format() -> Rejection:
    """-2014: no key, or not one."""
    return Rejection(401, -2014, "API-key format invalid.")


def key_unknown(address: str) -> Rejection:
    """-2015: key, address or permission."""
    text = f"Invalid API-key, IP, or permissions for action, request ip: {address}"
    return Rejection(401, -2015, text)


def no_listen_key() -> Rejection:
    """-1125."""
    return Rejection(400, -1125, "This listenKey does not exist.")


def unknown_order() -> Rejection:
    """-2013."""
    return Rejection(400, -2013, "Order does not exist.")


def use_algo_service() -> Rejection:
    """-4120: conditional orders have their own service since 2025-12-09."""
    text = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
    return Rejection(400, -4120, text)
