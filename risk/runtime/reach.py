"""Whether Prefect's API answers, and since when it does not."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound

CALL_TIMEOUT_S = 3.0
FAILURES = (httpx.HTTPError, OSError, TimeoutError)

REFUSALS = (400, 405, 409, 422)  # it answered; what we asked was wrong

logger = logging.getLogger(__name__)


class Reach:
    """Every call of the worker to the API goes through `attempt`; what could not be told is kept."""

    def __init__(self, client: PrefectClient) -> None:
        self.client = client
        self.failing_since: float | None = None  # monotonic; None: the API answers
        self.made_alone = 0  # runs made without Prefect since then
        self._untold: list[tuple[UUID, State[Any]]] = []

    @property
    def fails(self) -> bool:
        """Whether the newest call got no answer."""
        return self.failing_since is not None

    @property
    def away_s(self) -> float:
        """Seconds since the API last answered; 0 while it does."""
        return 0.0 if self.failing_since is None else time.monotonic() - self.failing_since

    async def attempt(self, call: Coroutine[Any, Any, Any]) -> bool:
        """Whether the API answered in time.

        Raises:
            ObjectNotFound: it answered that there is no such thing.
        """
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                await call
        except ObjectNotFound:
            self._answered()
            raise
        except FAILURES as cause:
            if _is_refusal(cause):
                logger.warning("Prefect refuses: %s", cause)
                self._answered()
                return False
            if self.failing_since is None:
                self.failing_since, self.made_alone = time.monotonic(), 0
                logger.warning(
                    "Prefect does not answer (%s): the cadences last known go on here", type(cause).__name__
                )
            return False
        self._answered()
        return True

    def _answered(self) -> None:
        if self.failing_since is not None:
            away_s = time.monotonic() - self.failing_since
            self.failing_since = None
            logger.warning("Prefect answers again after %.0f s; %d runs without it", away_s, self.made_alone)

    async def report(self, run_id: UUID, state: State[Any]) -> bool:
        """Set a run's state, whatever it was; False and kept for later while the API does not answer."""
        try:
            is_told = await self.attempt(self.client.set_flow_run_state(run_id, state, force=True))
        except ObjectNotFound:
            return True  # deleted meanwhile: nobody is left to tell
        if not is_told:
            self.keep(run_id, state)
        return is_told

    def keep(self, run_id: UUID, state: State[Any]) -> None:
        """Remember a state that Prefect has not heard."""
        self._untold.append((run_id, state))

    async def flush(self) -> None:
        """Tell Prefect what it has not heard."""
        untold, self._untold = self._untold, []
        for run_id, state in untold:
            if self.fails:
                self.keep(run_id, state)
            else:
                await self.report(run_id, state)


def _is_refusal(cause: BaseException) -> bool:
    return isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code in REFUSALS
