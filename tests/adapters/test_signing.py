"""Signatures against the exchange's own vectors, and keys of the other two kinds against the library."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from risk.adapters import signing
from risk.errors import SettingsError

PAYLOAD = "symbol=%E6%B5%8B%E8%AF%95USDT&timestamp=1591702613943"


def _pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_documented_vectors_reproduce(shared: Path) -> None:
    vectors = json.loads((shared / "payloads" / "hmac_vectors.json").read_bytes())
    assert len(vectors) == 2
    for vector in vectors:
        assert signing.sign(vector["secret"], vector["payload"]) == vector["signature"]


def test_documented_vector_reproduces_from_its_parameters() -> None:
    # developers.binance.com, USD-M general info, example 1
    text = signing.query(
        {
            "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": 1, "price": 9000,
            "timeInForce": "GTC", "recvWindow": 5000, "timestamp": 1591702613943,
        }
    )  # fmt: skip
    secret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
    assert signing.sign(secret, text) == "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"


def test_ed25519_key_signs_the_same_bytes() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    signature = signing.sign(_pem(key), PAYLOAD)
    key.public_key().verify(base64.b64decode(unquote(signature)), PAYLOAD.encode())
    assert "+" not in signature and "/" not in signature and "=" not in signature


def test_rsa_key_signs_the_same_bytes() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signature = base64.b64decode(unquote(signing.sign(_pem(key), PAYLOAD)))
    key.public_key().verify(signature, PAYLOAD.encode(), padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature, b"other", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    "pem",
    [
        _pem(ec.generate_private_key(ec.SECP256R1())),
        "-----BEGIN PRIVATE KEY-----\nnonsense-canary\n-----END PRIVATE KEY-----",
    ],
    ids=["another kind", "not a key"],
)
def test_unusable_private_key_is_a_setting_to_correct_and_is_not_shown(pem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        signing.sign(pem, PAYLOAD)
    assert "api_secret" in str(caught.value)
    assert pem.splitlines()[1] not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (Decimal("1E-8"), "0.00000001"),
        (Decimal("1E+3"), "1000"),
        ("a b&c=d/é", "a%20b%26c%3Dd%2F%C3%A9"),
        ('["A","B"]', "%5B%22A%22%2C%22B%22%5D"),
    ],
)
def test_values_are_written_as_the_exchange_reads_them(value: signing.Value, text: str) -> None:
    assert signing.query({"k": value}) == f"k={text}"
