"""Signatures as the exchange checks them: over exactly the bytes that are sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import quote

from risk.errors import SettingsError

Value = str | int | bool | Decimal


def query(params: Mapping[str, Value]) -> str:
    """One ordered, percent-encoded parameter string; symbols of any script as UTF-8.

    >>> query({"symbol": "测试USDT", "isolated": True, "price": Decimal("1E-7")})
    'symbol=%E6%B5%8B%E8%AF%95USDT&isolated=true&price=0.0000001'
    """
    return "&".join(f"{quote(key, safe='')}={quote(_text(value), safe='')}" for key, value in params.items())


def sign(secret: str, payload: str) -> str:
    """Signature of the payload, ready to be appended as `&signature=…`.

    HMAC-SHA256 in hex for a plain secret; for a private key in PEM, RSASSA-PKCS1-v1_5 with SHA-256
    or Ed25519, base64 and percent-encoded.

    Raises:
        SettingsError: the PEM cannot be read or is of another kind. The message does not contain it.
    """
    if "PRIVATE KEY-----" not in secret:
        return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    return quote(base64.b64encode(_sign_with_private_key(secret, payload.encode())).decode(), safe="")


def _sign_with_private_key(pem: str, payload: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as cause:
        raise SettingsError(
            "api_secret: the private key cannot be read; it must be an unencrypted PEM"
        ) from cause
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(payload)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(payload, padding.PKCS1v15(), hashes.SHA256())
    raise SettingsError("api_secret: the exchange accepts RSA and Ed25519 private keys only")


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)
