"""Who may call: key header, time window and signature of a request (BINANCE.md 3.3, 3.4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from risk.simulator.rejection import (
    ahead_of_server,
    bad_signature,
    key_format,
    key_unknown,
    malformed,
    missing,
    outside_window,
)

# Documented test values of the simulator; they open nothing anywhere else.
API_KEY = "simulator-key-" + "0" * 50
API_SECRET = "simulator-secret-" + "0" * 47

RECV_WINDOW_MS = 5000
AHEAD_MS = 1000
KEY_SHAPE = re.compile(r"^[A-Za-z0-9_-]{16,128}$")
SIGNATURE = re.compile(r"(?:^|&)signature=([^&]*)")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the exchange knows of an API key. `public_key` is PEM for RSA or Ed25519 keys, else empty."""

    key: str = API_KEY
    secret: str = API_SECRET
    public_key: str = ""


def check_key(header: str | None, credentials: Credentials, address: str) -> None:
    """Refuse a call without a known key.

    Raises:
        Rejection: -2014 without a key or with one of the wrong shape, -2015 with an unknown one.
    """
    if not header or not KEY_SHAPE.match(header):
        raise key_format()
    if not hmac.compare_digest(header.encode(), credentials.key.encode()):
        raise key_unknown(address)


def check_signed(query: str, body: str, credentials: Credentials, server_ms: int) -> None:
    """Refuse a signed call whose time or signature is wrong.

    Args:
        query: the query string byte for byte as it came; `body` likewise.
        server_ms: the exchange's clock.

    Raises:
        Rejection: -1102, -1130, -1021 or -1022.
    """
    sent = dict(parse_qsl(body, keep_blank_values=True)) | dict(parse_qsl(query, keep_blank_values=True))
    if not sent.get("signature"):
        raise missing("signature")
    _check_time(sent, server_ms)
    found = SIGNATURE.search(query) or SIGNATURE.search(body)
    payload = SIGNATURE.sub("", query) + SIGNATURE.sub("", body)
    if found is None or not _is_signed(payload, found.group(1), credentials):
        raise bad_signature()


def _check_time(sent: dict[str, str], server_ms: int) -> None:
    if not sent.get("timestamp"):
        raise missing("timestamp")
    try:
        stamp, window = int(sent["timestamp"]), int(sent.get("recvWindow", RECV_WINDOW_MS))
    except ValueError as cause:
        raise malformed("timestamp") from cause
    if stamp >= server_ms + AHEAD_MS:
        raise ahead_of_server()
    if server_ms - stamp > window:
        raise outside_window()


def hmac_hex(payload: str, secret: str) -> str:
    """Hex HMAC-SHA256 of a query string."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def _is_signed(payload: str, signature: str, credentials: Credentials) -> bool:
    if not credentials.public_key:
        expected = hmac_hex(payload, credentials.secret)
        return hmac.compare_digest(expected.encode(), unquote(signature).lower().encode())
    key = serialization.load_pem_public_key(credentials.public_key.encode())
    try:
        raw = base64.b64decode(unquote(signature), validate=True)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(raw, payload.encode(), padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(raw, payload.encode())
        else:
            return False
    except (InvalidSignature, binascii.Error):
        return False
    return True
