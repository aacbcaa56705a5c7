"""The pulse of a desk as its page tells it, asked from another machine."""

from __future__ import annotations

import math
import ssl
import threading
from dataclasses import astuple
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from risk.errors import PulseError, SettingsError
from risk.pulse import Seen

TIMEOUT_S = 5.0
MOST_BYTES = 65_536
REFUSALS = {
    401: "401: the token is missing or wrong",
    421: "421: it is not opened by this name; add the name to web.names there",
    429: "429: too many wrong tokens came from here",
    503: "503: its database does not answer",
}


class PulsePage:
    """Asks one page. A redirect is not followed and no proxy is asked: the token goes to this address alone.

    Raises:
        SettingsError: `ca_file` holds no certificates.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        ca_file: Path | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        try:
            self._context = (
                ssl.create_default_context(cafile=ca_file)
                if ca_file
                else httpx.create_ssl_context(trust_env=False)
            )
        except (OSError, ssl.SSLError) as cause:
            raise SettingsError(f"watchdog.ca_file {ca_file}: no certificates in PEM ({cause})") from None
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._address = f"{url}/api/pulse"
        self._timeout_s = timeout_s
        self._newest: datetime | None = None
        self._asking: threading.Thread | None = None

    def read(self) -> Seen:
        """What the page answers now, within `timeout_s` however slowly its bytes come.

        Raises:
            PulseError: no answer, an unverified certificate, another status than 200, an answer that is no
                pulse or is older than the one before.
        """
        if self._asking is not None and self._asking.is_alive():
            raise PulseError("the page has begun an answer and does not end it")
        found: list[Seen | PulseError] = []
        self._asking = threading.Thread(target=lambda: found.append(self._asked()), daemon=True)
        self._asking.start()
        self._asking.join(self._timeout_s)
        if not found:
            raise PulseError(f"the page does not answer within {self._timeout_s:g} s")
        (seen,) = found
        if isinstance(seen, PulseError):
            raise seen
        if self._newest is not None and seen.at <= self._newest:
            raise PulseError(
                "the page's answer is no newer than the one before: something between keeps answers"
            )
        self._newest = seen.at
        return seen

    def _client(self) -> httpx.Client:
        """One for each look: a connection that a network change has made deaf is not met again."""
        return httpx.Client(
            timeout=self._timeout_s, headers=self._headers, verify=self._context, trust_env=False
        )

    def _asked(self) -> Seen | PulseError:
        try:
            with self._client() as client, client.stream("GET", self._address) as response:
                if response.status_code != httpx.codes.OK:
                    status = response.status_code
                    return PulseError(f"the page answers {REFUSALS.get(status, status)}")
                body = b""
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        return PulseError("the page's answer is too long for a pulse")
        except httpx.HTTPError as cause:
            return PulseError(_unanswered(cause))
        return _decoded(body)


def _unanswered(cause: httpx.HTTPError) -> str:
    """Why there is no answer, without the address."""
    reason: BaseException | None = cause
    while reason is not None:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return f"the page's certificate is not trusted ({reason.verify_message})"
        if isinstance(reason, ssl.SSLError):
            return f"the page and this machine do not agree on TLS ({reason.reason})"
        reason = reason.__cause__ or reason.__context__
    return f"the page does not answer ({type(cause).__name__})"


def _decoded(body: bytes) -> Seen | PulseError:
    try:
        seen = msgspec.json.decode(body, type=Seen)
    except msgspec.MsgspecError as cause:
        return PulseError(f"the page's answer is no pulse: {cause}")
    ages: tuple[Any, ...] = astuple(seen.pulse)
    if seen.at.tzinfo is None or any(age is not None and not math.isfinite(age) for age in ages):
        return PulseError("the page's answer is no pulse: a time without its zone, or an endless age")
    return seen
