"""`risk watch`: the live table of a desk that runs, read from its database."""

from __future__ import annotations

import time

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from risk.adapters import embedded
from risk.adapters.settings import Settings
from risk.errors import StoreError
from risk.runtime import board
from risk.runtime.database import address, reachable

FOOTERS = {
    "en": "{at:%H:%M:%S} UTC · {waiting} deliveries wait · Ctrl-C ends this table only",
    "zh": "{at:%H:%M:%S} UTC · {waiting} 条待投递 · Ctrl-C 只结束本表",
}


def watch(settings: Settings, console: Console, *, every_s: float, once: bool) -> int:
    """Draw until Ctrl-C; a database that goes away is waited for, and said.

    Raises:
        StoreError: the database does not answer at the first look.
    """
    with reachable(settings, role=embedded.READER) as url:
        seen = board.read(url)
    if once:
        console.print(board.render(seen, settings.language, width=console.width))
        return 0
    url = address(settings, role=embedded.READER)

    def table(seen: board.Board) -> RenderableType:
        footer = FOOTERS[settings.language].format(at=seen.read_at, waiting=seen.waiting)
        return board.render(seen, settings.language, footer, width=console.width, height=console.height)

    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        while True:
            live.update(table(seen), refresh=True)
            time.sleep(every_s)
            try:
                seen = board.read(url)
            except StoreError as cause:
                live.update(Text(f"the database does not answer: {cause}", style="bold red"), refresh=True)
                time.sleep(every_s)
