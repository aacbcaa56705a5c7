"""Canary secrets through every shape in which they appear: none may be left in the finished line."""

from __future__ import annotations

import io
import logging

import httpx
import pytest

from risk.adapters import redaction
from risk.adapters.redaction import RedactingFormatter, redact

CANARY = "c4n4ryC4N4RYc4n4ryC4N4RYc4n4ryC4N4RYc4n4ryC4N4RYc4n4ryC4N4RY1234"
BOT = "123456789:AAc4n4ryC4N4RYc4n4ryC4N4RYc4n4ryC4N"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://fapi.binance.com/fapi/v3/account?timestamp=1&signature={CANARY} 200",
        f"GET https://x/y?signature={CANARY}&recvWindow=5000",
        f"wss://fstream.binance.com/private/ws?listenKey={CANARY}&events=ACCOUNT_UPDATE",
        f"wss://fstream.binance.com/private/ws/{CANARY}",
        f'{{"listenKey":"{CANARY}"}}',
        f"{{'X-MBX-APIKEY': '{CANARY}'}}",
        f"Headers([('x-mbx-apikey', '{CANARY}'), ('accept', '*/*')])",
        f"(b'X-MBX-APIKEY', b'{CANARY}')",
        f"X-MBX-APIKEY: {CANARY}",
        f"CG-API-KEY: {CANARY}",
        f"Credentials(api_key='{CANARY}', api_secret='{CANARY}')",
        f"RISK_API_SECRET={CANARY}",
        f"password={CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"Authorization: Basic {CANARY}",
        f"postgresql+psycopg://risk:{CANARY}@localhost:5432/risk",
        f"mailtos://user:{CANARY}@smtp.example.com",
        f"redis://:{CANARY}@host",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}",
    ],
)
def test_secret_does_not_survive(text: str) -> None:
    assert CANARY not in redact(text)
    assert redaction.HIDDEN in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        f"https://api.telegram.org/bot{BOT}/sendMessage",
        f"tgram://{BOT}/-100200300",
        f"tgram://{BOT.replace(':', '%3A')}/55",
        f"bot token {BOT} was rejected",
    ],
)
def test_bot_token_does_not_survive(text: str) -> None:
    assert BOT.rpartition(":")[2] not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "BTCUSDT depth 1000 levels at 2026-10-10 02:40:00.123456+00:00",
        "GET /fapi/v1/openInterest: HTTP 400, code -1121: Invalid symbol.",
        "https://fapi.binance.com/fapi/v1/klines?symbol=BTCUSDT&interval=15m&startTime=1499040000000",
        "key was accepted; secret is set; 3 tokens left",
        "postgresql://risk@localhost:5432/risk",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_known_value_is_hidden_wherever_it_stands() -> None:
    assert redact("left kumquat right", ["kumquat"]) == f"left {redaction.HIDDEN} right"
    assert redact("a b", ["a"]) == "a b"  # too short to be a secret, and everywhere


def _logger(stream: io.StringIO) -> logging.Logger:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter(logging.Formatter("%(name)s %(message)s")))
    logger = logging.getLogger("redaction.test")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG)
    return logger


def test_traceback_is_redacted_with_its_causes() -> None:
    stream = io.StringIO()
    logger = _logger(stream)
    url = f"https://x/y?signature={CANARY}"
    try:
        try:
            httpx.Response(400, request=httpx.Request("GET", url)).raise_for_status()
        except httpx.HTTPStatusError as cause:
            raise RuntimeError(f"gave up on {url}") from cause
    except RuntimeError:
        logger.exception("failed: %s", url)
    text = stream.getvalue()
    assert "Traceback" in text
    assert "HTTPStatusError" in text
    assert CANARY not in text


def test_installing_covers_handlers_quietens_clients_and_keeps_earlier_secrets() -> None:
    stream = io.StringIO()
    logger = _logger(stream)
    logger.handlers[0].setFormatter(logging.Formatter("plain %(message)s"))
    redaction.install(["first-secret"], [logger])
    redaction.install(["second-secret"], [logger])
    logger.info("first-secret second-secret signature=%s", CANARY)
    hidden = redaction.HIDDEN
    assert stream.getvalue() == f"plain {hidden} {hidden} signature={hidden}\n"
    assert {
        logging.getLogger(name).getEffectiveLevel() >= logging.WARNING for name in redaction.QUIET_LOGGERS
    } == {True}


def test_formatter_of_a_logging_configuration_redacts() -> None:
    record = logging.LogRecord("n", logging.INFO, "f", 1, "signature=%s", (CANARY,), None)
    assert (
        redaction.formatter("%(levelname)s %(message)s").format(record)
        == f"INFO signature={redaction.HIDDEN}"
    )
