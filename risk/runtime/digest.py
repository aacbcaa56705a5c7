"""`risk report daily` and `risk report weekly`: the page of the day or the week, made now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import cast, get_args

from risk.adapters import embedded, pages, store
from risk.adapters.digest_page import digest
from risk.adapters.settings import Settings
from risk.digest import Period
from risk.errors import SettingsError
from risk.runtime.database import reachable

PERIODS: tuple[str, ...] = get_args(Period)


def write(
    settings: Settings,
    period: str,
    *,
    language: str | None,
    out: Path | None,
    until: datetime,
    say: Callable[[str], None],
) -> int:
    """Write the page (PERIOD-DATE.html, or `out`) and say where; 0.

    Raises:
        SettingsError: no such period.
        StoreError: the database does not answer.
        OSError: the file cannot be written.
    """
    if period not in PERIODS:
        raise SettingsError(f"report {period!r}: there are {' and '.join(PERIODS)}")
    with reachable(settings, role=embedded.READER) as url, store.connect(url) as db:
        made = digest(
            db, cast(Period, period), account=settings.account, symbols=settings.symbols,
            language=language or settings.language, until=until,
        )  # fmt: skip
    path = out or Path(f"{made.name}.html")
    pages.save(path, made.document)
    say(f"{path}: {len(made.document.encode()) / 1024:.0f} KiB, {made.details['span']}")
    return 0
