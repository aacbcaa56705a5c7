"""`risk demo`: the desk against a simulated exchange, with sinks for its alerts, and a verdict at the end."""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.live import Live

from risk.adapters.settings import Settings, plausible_symbols
from risk.errors import StoreError
from risk.runtime import board, stack, verdict
from risk.runtime.hold import hold
from risk.runtime.parts import Part, answers
from risk.runtime.stack import Stack
from risk.runtime.teller import Teller
from risk.simulator.market_config import MarketConfig, contracts_of
from risk.simulator.signing import API_KEY, API_SECRET

FOLDER = "demo"
SCENARIO = "demo"
SCENARIO_DELAY_S = 30.0  # the desk comes up meanwhile
ARCHIVE_FROM = "2024-08-05T00:00:00+00:00"  # the hours before the fall of August 2024
ARCHIVE_SPEED = 120.0
BOT_TOKEN = "123456789:AAEdemo0000000000000000000000000000"  # noqa: S105 - the stub takes any of this shape
TELEGRAM_CHAT = "4242"
REFRESH_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asked for."""

    archive: Path | None = None
    archive_from: str = ARCHIVE_FROM
    speed: float | None = None  # None: 1 for a scenario, ARCHIVE_SPEED for an archive
    scenario: str = SCENARIO
    seed: int = 7
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    for_s: float | None = None  # None: until Ctrl-C
    port: int = 0  # of Prefect's pages; 0: 4200 where it is free


def run(settings: Settings, wish: Wish, console: Console) -> int:
    """The demo; 0 when every part did its work, 1 with the reasons when not.

    Raises:
        SettingsError: symbols that the simulated exchange cannot have.
    """
    contracts_of(MarketConfig(start_ms=0, symbols=plausible_symbols(wish.symbols)))
    folder = settings.data_dir / FOLDER

    def tell(line: str) -> None:
        console.print(line, soft_wrap=True, highlight=False, markup=False)

    with hold(folder, "demo"):
        for stale in ("postgres", "prefect", "logs", "sinks"):
            _forget(folder, stale)
    changed = {"data_dir": folder, "database_url": None, "symbols": wish.symbols}
    prefect = settings.prefect.model_copy(
        update={"api_url": None, "port": wish.port or settings.prefect.port}
    )
    mine = settings.model_copy(update=changed | {"prefect": prefect})
    with stack.opened(mine, "demo", tell, besides=lambda it: besides(it, wish), stops_at_once=True) as desk:
        show = Show(desk, console, settings.language)
        end_at = time.monotonic() + wish.for_s if wish.for_s else None
        show.until(end_at)
        if wish.for_s is None:
            return 0
        findings = verdict.of(desk, wish.symbols, expects_alerts=wish.for_s >= verdict.ALERTS_WITHIN_S)
        for line in findings.lines:
            tell(line)
        for reason in findings.failures:
            tell(f"NOT DONE: {reason}")
        if not findings.failures:
            tell("every part did its work")
        return 1 if findings.failures else 0


def _forget(folder: Path, name: str) -> None:
    if name == "postgres":
        from risk.adapters import embedded

        embedded.stop(folder, immediately=True)
    shutil.rmtree(folder / name, ignore_errors=True)


def besides(desk: Stack, wish: Wish) -> list[Part]:
    """Simulator and sinks, and the settings by which the desk takes them for the world."""
    exchange, mail, bot = (desk.ports.take() for _ in range(3))
    sinks = desk.folder / "sinks"
    channels = [
        {"name": "console", "url": "console://"},
        {"name": "mail", "url": f"mailto://127.0.0.1:{mail}?from=desk@example.org&to=trader@example.org"},
        {"name": "telegram", "url": f"tgram://{BOT_TOKEN}/{TELEGRAM_CHAT}"},
    ]
    address = stack.loopback(exchange)
    desk.environment |= {
        "RISK_SYMBOLS": ",".join(wish.symbols),
        "RISK_LANGUAGE": desk.settings.language,
        "RISK_API_KEY": API_KEY,
        "RISK_API_SECRET": API_SECRET,
        "RISK_EXCHANGE__REST_URL": address,
        "RISK_EXCHANGE__SPOT_URL": address,
        "RISK_EXCHANGE__WALLET_URL": address,
        "RISK_EXCHANGE__STREAM_URL": stack.loopback(exchange, scheme="ws"),
        "RISK_TELEGRAM_API_BASE": stack.loopback(bot),
        "RISK_CHANNELS": json.dumps(channels),
        "RISK_VENUES__ENABLED": "[]",
    }
    sinks_command = desk.python(
        "risk.runtime.sinks", "--smtp-port", str(mail), "--bot-port", str(bot), "--directory", str(sinks)
    )
    return [
        desk.process("exchange", simulator_command(wish, exchange), ready=answers(exchange), stops_with=2),
        desk.process("sinks", sinks_command, ready=answers(bot), stops_with=2),
    ]


def simulator_command(wish: Wish, port: int) -> list[str]:
    """Command of the simulated exchange."""
    command = [
        sys.executable, "-m", "risk.simulator", "--port", str(port), "--symbols", ",".join(wish.symbols),
        "--seed", str(wish.seed),
    ]  # fmt: skip
    if wish.archive is not None:
        speed = wish.speed or ARCHIVE_SPEED
        return [*command, "--archive", str(wish.archive), "--from", wish.archive_from, "--speed", str(speed)]
    delay = ["--scenario-delay", str(SCENARIO_DELAY_S)]
    return [*command, "--scenario", wish.scenario, "--speed", str(wish.speed or 1.0), *delay]


class Show:
    """The table on the screen, and below it what was told and what the supervisor did."""

    def __init__(self, desk: Stack, console: Console, language: str) -> None:
        self._desk, self._console, self._language = desk, console, language
        self._teller = Teller(desk.reader_url, language)
        self._is_first_score_said = False

    def until(self, end_at: float | None) -> None:
        """Show and supervise until `end_at` (monotonic seconds) or an interrupt."""
        live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        if live is not None:
            live.start()
        drawn_at, printed_at = 0.0, 0.0
        try:
            while not self._desk.interrupt.came and (end_at is None or time.monotonic() < end_at):
                self._desk.tick()
                if time.monotonic() - drawn_at >= REFRESH_S:
                    drawn_at = time.monotonic()
                    is_due = drawn_at - printed_at >= 10 * REFRESH_S
                    if self._draw(live, prints=is_due):
                        printed_at = drawn_at
                time.sleep(stack.TICK_S)
        finally:
            if live is not None:
                live.stop()

    def _draw(self, live: Live | None, *, prints: bool) -> bool:
        try:
            seen = board.read(self._desk.reader_url)
            fresh = self._teller.fresh()
        except StoreError:
            return False  # the supervisor says what happened to the database
        if seen.lines and not self._is_first_score_said:
            self._is_first_score_said = True
            scored_at = seen.lines[0]["scored_at"]
            took_s = (scored_at - self._desk.began_at).total_seconds()
            self._console.print(f"first score at {scored_at:%H:%M:%S}, {took_s:.0f} s after the start")
        for line in fresh:
            self._console.print(line, soft_wrap=True, highlight=False, markup=False)
        if live is not None:
            size = self._console.size
            live.update(
                board.render(seen, self._language, width=size.width, height=size.height), refresh=True
            )
        elif prints:
            for text in board.plain(seen, self._language):
                self._console.print(text, soft_wrap=True, highlight=False, markup=False)
        return prints
