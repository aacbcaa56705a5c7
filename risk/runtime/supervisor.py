"""Start parts in order, start again those that die, stop all in order."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from risk.errors import RiskError, RuntimeFault
from risk.runtime.parts import Part

PAUSES_S = (0.2, 30.0)  # first and longest pause before a part is started again
STEADY_AFTER_S = 60.0
STOP_S = 3.2  # for all parts of one order; then they are killed

logger = logging.getLogger(__name__)
Tell = Callable[[str], None]


@dataclass(slots=True)
class Charge:
    """One part and how it fares."""

    part: Part
    launched_at: float = 0.0
    is_ready: bool = False
    restarts: int = 0
    pause_s: float = PAUSES_S[0]
    due_at: float | None = None  # when it is to be started again
    failures: list[str] = field(default_factory=list)


class Supervisor:
    """Keeps parts alive, in the caller's thread: `start`, then `tick` often, then `stop`."""

    def __init__(
        self,
        tell: Tell,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tell, self._clock, self._sleep = tell, clock, sleep
        self.charges: dict[str, Charge] = {}

    def start(self, parts: Sequence[Part], *, while_waiting: Callable[[], None] = lambda: None) -> None:
        """Launch all, then return when all are ready; one line each.

        Raises:
            RuntimeFault: one does not come up; says which and its last words.
        """
        began = self._clock()
        for part in parts:
            charge = self.charges[part.name] = Charge(part)
            self._launch(charge)
        while waiting := [self.charges[part.name] for part in parts if not self.charges[part.name].is_ready]:
            while_waiting()
            for charge in waiting:
                if charge.part.is_ready():
                    charge.is_ready = True
                    took_s = self._clock() - began
                    self._tell(f"{charge.part.name} is up after {took_s:.1f} s (process {charge.part.pid()})")
                    if charge.part.says:
                        self._tell(charge.part.says)
                elif (
                    charge.part.pid() is None
                    or self._clock() - charge.launched_at > charge.part.ready_within_s
                ):
                    raise RuntimeFault(f"{charge.part.name} did not come up: {charge.part.last_words()}")
            self._sleep(0.1)

    def tick(self) -> None:
        """Look at every part once: start those that died again, after a pause that grows."""
        now = self._clock()
        for charge in self.charges.values():
            part = charge.part
            if charge.due_at is not None:
                if now >= charge.due_at:
                    charge.due_at = None
                    charge.restarts += 1
                    self._relaunch(charge)
            elif part.pid() is None:
                if charge.is_ready and now - charge.launched_at > STEADY_AFTER_S:
                    charge.pause_s = PAUSES_S[0]
                charge.is_ready, charge.due_at = False, now + charge.pause_s
                self._tell(
                    f"{part.name} died: {part.last_words() or 'no word'}; again in {charge.pause_s:.1f} s"
                )
                charge.pause_s = min(charge.pause_s * 2, PAUSES_S[1])
            elif not charge.is_ready:
                self._wait_for(charge, now)

    def _wait_for(self, charge: Charge, now: float) -> None:
        if charge.part.is_ready():
            charge.is_ready = True
            self._tell(f"{charge.part.name} is back (pid {charge.part.pid()}, restart {charge.restarts})")
        elif now - charge.launched_at > charge.part.ready_within_s:
            self._tell(f"{charge.part.name} does not answer; killed")
            charge.part.kill()

    def _launch(self, charge: Charge) -> None:
        charge.launched_at = self._clock()
        charge.part.launch()

    def _relaunch(self, charge: Charge) -> None:
        try:
            self._launch(charge)
        except (RiskError, OSError) as cause:
            charge.failures.append(str(cause))
            self._tell(f"{charge.part.name} cannot be started: {cause}")

    def stop(self) -> None:
        """Stop all, those that others need last; whoever has not ended in time is killed."""
        order = sorted({charge.part.stops_with for charge in self.charges.values()})
        for step in order:
            group = [charge.part for charge in self.charges.values() if charge.part.stops_with == step]
            for part in group:
                self._quietly(part.ask_to_stop)
            deadline = self._clock() + (STOP_S if step == order[0] else STOP_S / 4)
            while any(part.pid() is not None for part in group) and self._clock() < deadline:
                self._sleep(0.05)
            for part in group:
                if part.pid() is not None:
                    logger.warning("%s did not end in time; killed", part.name)
                    self._quietly(part.kill)

    def _quietly(self, act: Callable[[], None]) -> None:
        """The other parts are to be stopped as well, whatever one says."""
        try:
            act()
        except (RiskError, OSError) as cause:
            logger.warning("stop: %s", cause)


class Interrupt:
    """Whether SIGTERM or SIGINT came; the second one ends the process at once."""

    def __init__(self) -> None:
        self.came = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number: int, _frame: object) -> None:
        if self.came:
            os._exit(128 + number)
        self.came = True
