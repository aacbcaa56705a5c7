"""Every error that crosses a module's door, in one tree.

RiskError
├── SettingsError          a setting is missing, unknown or impossible; names field, value, remedy
├── DataError              a value from outside cannot be true
│   ├── PayloadError       a payload does not parse (endpoint, field, value)
│   └── BookGapError       an order book lost its chain; that symbol starts anew
├── ExchangeError          the exchange did not answer as asked
│   ├── UnreachableError   no answer: connection, time-out, 5xx
│   ├── RateLimitError     429: wait `retry_after_s`
│   ├── BannedError        418: no request before `until`
│   ├── RejectedError      4xx with an exchange code: the request is wrong
│   │   ├── ClockError     -1021: our clock and theirs differ
│   │   ├── KeyRejectedError   -2014, -2015, -1022: the key, its rights or its address
│   │   └── UnknownSymbolError -1121
│   ├── OutcomeUnknownError    -1006, -1007, 503 unknown: ask before trying again
│   ├── UnsupportedAccountError the account runs in a mode that is not understood here
│   └── ForbiddenCallError a call that the transport guard does not let out
├── StoreError             the database did not do as asked
├── DeliveryError          a message was not accepted; says whether to try again and when
├── SpoolError             a message could not be kept on the disk
├── PulseError             the page of a desk did not tell its pulse
├── PictureError           a picture was not drawn; its text goes without it
└── RuntimeFault           a part of the system did not start, died or is held by another
"""

from __future__ import annotations

from datetime import datetime


class RiskError(Exception):
    """Anything that this project raises on purpose."""


class SettingsError(RiskError):
    """A setting is missing, unknown or impossible."""


class DataError(RiskError):
    """A value from outside cannot be true."""


class PayloadError(DataError):
    """A payload does not parse.

    Attributes:
        source: endpoint or stream it came from.
        field: dotted path of the offending field, empty when the whole is unreadable.
        value: what stood there, shortened to 200 characters.
    """

    def __init__(self, source: str, field: str, value: object, problem: str) -> None:
        self.source, self.field, self.problem = source, field, problem
        self.value = str(value)[:200]
        super().__init__(f"{source}: {field or 'payload'} = {self.value!r}: {problem}")


class BookGapError(DataError):
    """An order book lost its chain of updates and must be built anew."""

    def __init__(self, symbol: str, expected: int, got: int) -> None:
        self.symbol, self.expected, self.got = symbol, expected, got
        super().__init__(f"{symbol}: update chain broken, expected {expected}, got {got}")


class ExchangeError(RiskError):
    """The exchange did not answer as asked."""


class UnreachableError(ExchangeError):
    """No usable answer: connection refused, time-out, 5xx, a page instead of JSON."""


class RateLimitError(ExchangeError):
    """HTTP 429. `retry_after_s` is the wait that the exchange asked for, in seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class BannedError(ExchangeError):
    """HTTP 418 or a ban still in force. No request before `until` (UTC)."""

    def __init__(self, message: str, until: datetime) -> None:
        self.until = until
        super().__init__(message)


class RejectedError(ExchangeError):
    """The exchange refused the request. `status` is HTTP's, `code` the exchange's."""

    def __init__(self, message: str, status: int, code: int) -> None:
        self.status, self.code = status, code
        super().__init__(message)


class ClockError(RejectedError):
    """-1021: the time stamp lies outside the exchange's window."""


class KeyRejectedError(RejectedError):
    """-2014, -2015, -1022: key, permission, address or signature. Never retried."""


class UnknownSymbolError(RejectedError):
    """-1121: the exchange does not list this symbol (any more)."""


class OutcomeUnknownError(ExchangeError):
    """The exchange may or may not have done it: query, do not resend."""


class UnsupportedAccountError(ExchangeError):
    """The account runs in a mode whose risk is not computed here (portfolio margin, credits)."""


class ForbiddenCallError(ExchangeError):
    """A call that is not on the list of documented reads; it never left the process."""


class StoreError(RiskError):
    """The database did not do as asked."""


class DeliveryError(RiskError):
    """A channel did not accept a message.

    Attributes:
        reason: short code, e.g. "rate_limited", "rejected", "unreachable", "misconfigured".
        retry_after_s: seconds that the channel asked us to wait; None if it did not say.
        is_permanent: true when the same try can never succeed.
    """

    def __init__(
        self, message: str, *, reason: str, retry_after_s: float | None = None, is_permanent: bool = False
    ) -> None:
        self.reason, self.retry_after_s, self.is_permanent = reason, retry_after_s, is_permanent
        super().__init__(message)


class SpoolError(RiskError):
    """A message that the database does not take could not be kept on the disk either."""


class PulseError(RiskError):
    """The page of a desk gave no answer, or none that tells its pulse."""


class PictureError(RiskError):
    """A picture was not drawn, or not in time; its text goes without it."""


class RuntimeFault(RiskError):
    """A part of the system did not start, died, or is held by another process."""
