"""One line of the doctor's, and how it looks on a terminal."""

from __future__ import annotations

from dataclasses import dataclass

MARKS = {"ok": "[green]ok  [/green]", "warn": "[yellow]warn[/yellow]", "fail": "[bold red]fail[/bold red]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """How it is ("ok", "warn", "fail"), what was looked at, what was found, what to do."""

    mark: str
    subject: str
    found: str
    remedy: str = ""

    @property
    def exit_code(self) -> int:
        """0, 1 or 2."""
        return {"ok": 0, "warn": 1, "fail": 2}[self.mark]

    def line(self) -> str:
        """For a terminal, with rich's markup."""
        remedy = f" → {self.remedy}" if self.remedy else ""
        return f"{MARKS[self.mark]} {self.subject:<11} {_plain(self.found + remedy)}"


def _plain(text: str) -> str:
    return " ".join(text.replace("[", "\\[").split())
