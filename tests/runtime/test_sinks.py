"""The demo's sinks for its alerts."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

from aiosmtpd.smtp import SMTP

from risk.runtime.sinks import MailHandler, Sinks


def test_a_mail_server_takes_the_hook_whatever_it_looks_at(tmp_path: Path) -> None:
    hook = MailHandler(Sinks(tmp_path))
    assert dict(inspect.getmembers(hook))["sinks"] is hook.sinks  # as aiosmtpd does with each hook

    async def served() -> SMTP:
        return SMTP(hook, hostname="sink.local", loop=asyncio.get_running_loop())

    assert asyncio.run(served()).event_handler is hook
