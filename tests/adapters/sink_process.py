"""The mail sink and Bot API stub as a process of their own, for tests that send over loopback."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"  # the shape of the Bot API documentation's example


@dataclass(frozen=True)
class SinkProcess:
    """Where the sinks answer and what they have taken so far."""

    smtp_port: int
    bot_port: int
    directory: Path

    @property
    def bot_base(self) -> str:
        return f"http://127.0.0.1:{self.bot_port}"

    @property
    def telegram_url(self) -> str:
        return f"tgram://{TOKEN}/4242"

    @property
    def mail_url(self) -> str:
        return f"mailto://127.0.0.1:{self.smtp_port}?from=desk@example.org&to=trader@example.org"

    def fault(self, channel: str, kind: str, *, times: int = -1, retry_after_s: int = 7) -> None:
        wish = {"channel": channel, "kind": kind, "times": times, "retry_after_s": retry_after_s}
        httpx.post(f"{self.bot_base}/control", json=wish).raise_for_status()

    def write(self, text: str, *, chat_id: int = 4242, reply_to: str = "") -> None:
        """Somebody writes to the bot."""
        wish = {"chat_id": chat_id, "text": text} | ({"reply_to": reply_to} if reply_to else {})
        httpx.post(f"{self.bot_base}/incoming", json=wish).raise_for_status()

    def accepted(self, channel: str) -> list[dict[str, Any]]:
        path = self.directory / f"{channel}.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def counts(self) -> dict[str, int]:
        return httpx.get(f"{self.bot_base}/counts").json()

    def forget(self) -> None:
        """Empty the folder and clear the faults."""
        for path in self.directory.glob("*.jsonl"):
            path.unlink()
        self.fault("telegram", "")
        self.fault("mail", "")


@contextlib.contextmanager
def running_sinks(directory: Path) -> Iterator[SinkProcess]:
    """Both sinks, listening; ended on exit."""
    command = [sys.executable, "-m", "risk.runtime.sinks", "--directory", str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield SinkProcess(ready["smtp_port"], ready["bot_port"], directory)
    finally:
        process.terminate()
        process.wait(timeout=5)
        if process.stdout is not None:
            process.stdout.close()
