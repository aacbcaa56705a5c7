"""The pulse of a desk: how long ago each thing that must go on happened last, and what that means.

Pure, and the same for whoever looks: the dead man's switch beside the database, and the one on another
machine that asks the desk's page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

NO_SCORE_S = 60.0
UNDELIVERED_S = 120.0
ACCOUNT_FRESH_S, SCORE_FRESH_S, OUTBOX_FRESH_S = 15.0, 15.0, 10.0
UNSCHEDULED_S, SIGN_S = 50.0, 60.0
LEAST_FREE_SHARE, LEAST_FREE_BYTES = 0.10, 2 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Seconds since each thing that must go on happened last; None: it never did."""

    score_s: float | None
    account_s: float | None
    waiting_s: float | None  # since the oldest message that waits was made: the outbox lag
    critical_s: float | None  # the same of the critical ones
    offered_s: float | None  # since the newest run that Prefect offered was due
    worker_s: float | None
    delivery_s: float | None

    def is_fine(self, *, watches_account: bool) -> bool:
        """Whether account, scores and outbox are all fresh: the condition of a ping."""
        account = self.account_s is not None and self.account_s <= ACCOUNT_FRESH_S
        return (
            (account or not watches_account)
            and self.score_s is not None
            and self.score_s <= SCORE_FRESH_S
            and (self.waiting_s or 0.0) <= OUTBOX_FRESH_S
        )

    def undelivered(self) -> str:
        """That an alert does not get out, in words; empty where all do."""
        if (self.critical_s or 0.0) > UNDELIVERED_S:
            return f"A critical alert could not be delivered for {self.critical_s:.0f} s"
        if (self.waiting_s or 0.0) > UNDELIVERED_S:
            return f"An alert could not be delivered for {self.waiting_s:.0f} s"
        return ""

    def trouble(self) -> str:
        """What is wrong although scores are made and alerts get out; empty when nothing is."""
        if self.worker_s is not None and self.worker_s > SIGN_S:
            return f"The worker of the cadence pool gave no sign for {self.worker_s:.0f} s"
        if self.offered_s is not None and self.offered_s > UNSCHEDULED_S:
            since = f"{self.offered_s:.0f} s"
            return f"Prefect has scheduled nothing for {since}; the worker goes on by the cadences it knows"
        if self.delivery_s is not None and self.delivery_s > SIGN_S:
            return f"Delivery gave no sign for {self.delivery_s:.0f} s"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A pulse, and what only those beside the desk know."""

    at: datetime  # by the clock of who looked
    pulse: Pulse
    watches_account: bool
    disk: tuple[int, int] | None = None  # total and free bytes where the data is; None: cannot be told


def full_disk(total: int, free: int) -> str:
    """That a disk is nearly full, in words, said before the database stops for it; empty where it is not.

    Args:
        total, free: bytes.

    >>> full_disk(100 * 2**30, 9 * 2**30), full_disk(100 * 2**30, 10 * 2**30)
    ('The disk is nearly full: 9.0 GiB free, 9%', '')
    """
    if free >= max(LEAST_FREE_SHARE * total, LEAST_FREE_BYTES):
        return ""
    return f"The disk is nearly full: {free / 2**30:.1f} GiB free, {free / total:.0%}"
