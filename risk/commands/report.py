"""Questions to the desk's database, answered on the terminal, as a page, as CSV or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators

from risk.commands import terminal

Flag = Annotated[bool, Parameter(negative="")]
Minutes = Annotated[int, Parameter(validator=validators.Number(gte=1))]


def report(
    name: str | None = None,
    *,
    html: Flag = False,
    csv: Flag = False,
    json: Flag = False,
    out: Path | None = None,
    since: str = "7d",
    until: str | None = None,
    symbol: str | None = None,
    scope: str | None = None,
    alert: str = "*",
    minutes: Minutes = 15,
    language: Literal["en", "zh"] | None = None,
) -> int:
    """Answer one question from the desk's database; without a name it lists the questions.

    It reads as risk_reader. Exit status: 0 done, also without rows · 1 no database · 2 refused.

    Args:
        name: of the report, e.g. stress or time_in_level.
        html: write one page that opens offline (NAME.html, or --out).
        csv: print CSV, or write it to --out.
        json: print JSON, or write it to --out.
        out: file to write.
        since: 24h, 7d (before now) or 2026-03-10; UTC.
        until: likewise; now by default.
        symbol: a contract; the first of the watched ones by default.
        scope: whose score: a symbol or account.
        alert: name of an alert, * for any characters.
        minutes: length of a step.
        language: of sentences; that of the settings by default.
    """
    from risk.errors import SettingsError
    from risk.runtime.report import Form, Wish, listing, show

    wanted: list[Form] = [form for form, is_on in _forms(html, csv, json) if is_on]
    if len(wanted) > 1:
        raise SettingsError("--html, --csv, --json: take one of them")
    if name is None:
        terminal.console().print(listing())
        terminal.say("`risk report NAME` answers one; --html, --csv and --json write it")
        return 0
    wish = Wish(
        name=name, form=wanted[0] if wanted else "table", out=out, since=since, until=until, symbol=symbol,
        scope=scope, alert=alert, minutes=minutes, language=language,
    )  # fmt: skip
    return show(terminal.settings(), wish, terminal.console(), terminal.say)


def _forms(html: bool, csv: bool, json: bool) -> tuple[tuple[Literal["html", "csv", "json"], bool], ...]:
    return (("html", html), ("csv", csv), ("json", json))
