"""Signatures of the simulated exchange: the published vectors, and keys of all three kinds."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from risk.simulator.rejection import Rejection
from risk.simulator.signing import API_SECRET, Credentials, check_signed, hmac_hex

NOW = 1_700_000_000_000
QUERY = f"symbol=BTCUSDT&timestamp={NOW}"


def code(query: str, credentials: Credentials, *, body: str = "", server_ms: int = NOW) -> int | None:
    """Code of the refusal, None when the call is let through."""
    try:
        check_signed(query, body, credentials, server_ms)
    except Rejection as refused:
        return refused.code
    return None


def test_signatures_equal_the_exchange_s_published_vectors(shared: Path) -> None:
    vectors = json.loads((shared / "payloads" / "hmac_vectors.json").read_text())
    for vector in vectors:
        stamp = int(vector["payload"].rsplit("timestamp=", 1)[1])
        query = f"{vector['payload']}&signature={vector['signature']}"
        assert code(query, Credentials(secret=vector["secret"]), server_ms=stamp) is None


def test_query_and_body_are_joined_with_nothing_between() -> None:
    first, second = "symbol=BTCUSDT&side=BUY", f"quantity=1&timestamp={NOW}"
    signature = hmac_hex(first + second, API_SECRET)
    assert code(first, Credentials(), body=f"{second}&signature={signature}") is None
    assert code(f"{first}&", Credentials(), body=f"{second}&signature={signature}") == -1022


def test_the_case_of_the_hex_does_not_matter_and_every_byte_does() -> None:
    signature = hmac_hex(QUERY, API_SECRET)
    assert code(f"{QUERY}&signature={signature.upper()}", Credentials()) is None
    assert code(f"{QUERY.replace('BTC', 'btc')}&signature={signature}", Credentials()) == -1022
    assert code(f"{QUERY}&signature={signature[:-1]}", Credentials()) == -1022
    assert code(QUERY, Credentials()) == -1102


# BINANCE.md 3.3: timestamp < server + 1000 and server - timestamp <= recvWindow, 5000 by default.
@pytest.mark.parametrize(
    ("server_ms", "expected"),
    [(NOW, None), (NOW - 999, None), (NOW - 1000, -1021), (NOW + 5000, None), (NOW + 5001, -1021)],
)
def test_the_time_window_has_the_documented_edges(server_ms: int, expected: int | None) -> None:
    query = f"{QUERY}&signature={hmac_hex(QUERY, API_SECRET)}"
    assert code(query, Credentials(), server_ms=server_ms) == expected


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """The public half."""
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode()


def test_rsa_and_ed25519_keys_sign_the_same_bytes() -> None:
    first, second = rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()
    signed = [
        (pem(first), first.sign(QUERY.encode(), padding.PKCS1v15(), hashes.SHA256())),
        (pem(second), second.sign(QUERY.encode())),
    ]
    for public, signature in signed:
        text = quote(base64.b64encode(signature), safe="")
        assert code(f"{QUERY}&signature={text}", Credentials(public_key=public)) is None
        assert code(f"{QUERY}&recvWindow=1&signature={text}", Credentials(public_key=public)) == -1022
        assert code(f"{QUERY}&signature=AAAA", Credentials(public_key=public)) == -1022
