"""The first settings: `risk init`."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from risk.commands import terminal

Flag = Annotated[bool, Parameter(negative="")]


def init(
    *,
    yes: Flag = False,
    language: Literal["en", "zh"] = "en",
    symbols: str = "BTCUSDT,ETHUSDT,SOLUSDT",
    channel: str = "",
) -> int:
    """Write risk.toml and the secrets by a few questions, and send a test alert.

    It replaces nothing without asking; what it replaces is kept beside it. Exit status: 0 done · 1 the
    channel did not take the test · 2 refused.

    Args:
        yes: ask nothing; key and secret are taken from RISK_API_KEY and RISK_API_SECRET.
        language: en or zh.
        symbols: contracts, separated by commas.
        channel: an Apprise address, e.g. tgram://BOT_TOKEN/CHAT_ID or mailtos://user:password@host?to=me@host.
    """
    import os

    from risk.runtime.first_settings import Answers, begin

    given = Answers(
        language=language,
        symbols=tuple(part.strip().upper() for part in symbols.split(",") if part.strip()),
        api_key=os.environ.get("RISK_API_KEY", "") if yes else "",
        api_secret=os.environ.get("RISK_API_SECRET", "") if yes else "",
        channel=channel,
    )
    return begin(given, is_asking=not yes, ask=terminal.ask, tell=terminal.say)
