"""Types of the command line: what a number, a folder or a moment may be."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators

Seconds = Annotated[float, Parameter(validator=validators.Number(gt=0))]
Positive = Seconds  # a price, a leverage, money
Folder = Annotated[Path, Parameter(validator=validators.Path(exists=True, file_okay=False))]
File = Annotated[Path, Parameter(validator=validators.Path(exists=True, dir_okay=False))]
Port = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))]
Begin = Annotated[str | None, Parameter(name="--from")]
For = Annotated[str, Parameter(name="--for", allow_leading_hyphen=True)]
Scenario = Literal[
    "calm", "trend", "flash_crash", "slow_bleed", "squeeze", "altcoin_collapse", "demo"
]  # risk.simulator.scenarios.SCENARIOS; a test compares them


def begin(text: str, option: str = "--from") -> datetime:
    """The moment that the option names; without an offset it is UTC.

    Raises:
        SettingsError: it names none.
    """
    from risk.errors import SettingsError

    try:
        at = datetime.fromisoformat(text)
    except ValueError as cause:
        raise SettingsError(f"{option} {text}: {cause}; write 2024-08-05 or 2022-06-13T00:00:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
