"""What a person sees in Prefect after a run; never a reason for the run to fail."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import httpx
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException

log = logging.getLogger(__name__)

Shown = TypeVar("Shown")


def show(make: Callable[[], Shown]) -> Shown | None:
    """The artifact; None outside a recorded run and while the API is away, when there is nobody to ask."""
    if FlowRunContext.get() is None:
        return None
    try:
        return make()
    except (httpx.HTTPError, PrefectException) as error:
        log.warning("no artifact, Prefect did not take it: %s", type(error).__name__)
        return None
