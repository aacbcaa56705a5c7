"""Make one run of a flow in this process: recorded by Prefect's engine, or without it while it is away."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import functools
import importlib
import importlib.util
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import httpx
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Abort
from prefect.flow_engine import run_flow
from prefect.flows import Flow
from prefect.states import Completed, Failed

from risk.errors import RuntimeFault

T = TypeVar("T")
PROJECT = Path(__file__).resolve().parents[2]
LONGEST_MESSAGE = 500

logger = logging.getLogger(__name__)


class UnreportedError(RuntimeFault):
    """The flow ran to its end, but Prefect could not be told; `state` is what it should hear."""

    def __init__(self, state: State[Any], cause: BaseException) -> None:
        self.state = state
        super().__init__(f"the run ended, Prefect was not told: {type(cause).__name__}")


class NotBegunError(RuntimeFault):
    """Prefect's API failed before the flow's first line."""


def load_flow(entrypoint: str, folder: str | None = None) -> Flow[..., Any]:
    """The flow at `path/file.py:function` or `package.module:function`; its module is imported once.

    Raises:
        RuntimeFault: no such module or flow, or its import fails.
    """
    place, _, name = entrypoint.rpartition(":")
    root = Path(folder).expanduser().resolve() if folder else PROJECT
    if not (root / place).is_file():
        root = PROJECT
    try:
        flow = getattr(_module(place, root), name)
    except (ImportError, AttributeError, SyntaxError, OSError) as cause:
        raise RuntimeFault(f"{entrypoint} cannot be imported: {cause}") from cause
    if not isinstance(flow, Flow):
        raise RuntimeFault(f"{entrypoint} is not a Prefect flow")
    return flow


def _module(place: str, root: Path) -> ModuleType:
    if not place.endswith(".py"):
        return importlib.import_module(place)
    file = (root / place).resolve()
    if file.is_relative_to(PROJECT):
        return importlib.import_module(".".join(file.relative_to(PROJECT).with_suffix("").parts))
    name = f"_flow_{file.stem}_{abs(hash(file))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


async def recorded(flow: Flow[..., Any], run: FlowRun) -> State[Any]:
    """Make `run`, a claimed run, through Prefect's engine; its final state.

    Raises:
        NotBegunError: the API failed before the flow's first line; nothing was done.
        UnreportedError: the flow was done, the API failed to take its end.
        Abort: Prefect says that the run is not to be made.
    """
    watched, outcome = _watched(flow)
    # Without its deployment's id the engine starts no thread and socket per run that wait for a suspension.
    local = run.model_copy(update={"deployment_id": None})
    try:
        if flow.isasync:
            coroutine: Any = run_flow(watched, flow_run=local, return_type="state")
            return await _as_state(coroutine)
        state: Any = await in_thread(
            functools.partial(run_flow, watched, flow_run=local, return_type="state"), name=flow.name
        )
        return _checked(state)
    except (httpx.HTTPError, OSError, RuntimeError) as cause:
        if not outcome:
            raise NotBegunError(f"{type(cause).__name__}: {cause}") from cause
        if outcome[-1] is None:
            raise
        raise UnreportedError(outcome[-1], cause) from cause


async def unrecorded(flow: Flow[..., Any], parameters: Mapping[str, Any]) -> State[Any]:
    """Call the flow's function itself, without Prefect; Completed or Failed."""
    watched, outcome = _watched(flow)
    try:
        given = flow.validate_parameters(dict(parameters))
        if flow.isasync:
            await watched.fn(**given)
        else:
            await in_thread(functools.partial(watched.fn, **given), name=flow.name)
    except Exception as cause:  # whatever a flow raises is its end, as in Prefect's engine
        logger.warning("%s failed: %s: %s", flow.name, type(cause).__name__, cause, exc_info=True)
    return outcome[-1] if outcome and outcome[-1] else Failed(message="could not be begun")


def in_thread(call: Callable[[], T], *, name: str) -> asyncio.Future[T]:
    """Run `call` in a daemon thread with this context; a stop does not wait for such a thread for ever."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(done: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if future.done() else done())

    def work() -> None:
        try:
            result = context.run(call)
        except BaseException as cause:  # noqa: BLE001 - handed over to the loop whole
            error = cause
            settle(lambda: future.set_exception(error))
        else:
            settle(lambda: future.set_result(result))

    threading.Thread(target=work, name=name, daemon=True).start()
    return future


def _watched(flow: Flow[..., Any]) -> tuple[Flow[..., Any], list[State[Any] | None]]:
    """A copy of `flow` whose function notes in a list that it began (None) and how it ended (a state)."""
    outcome: list[State[Any] | None] = []
    function = flow.fn

    if flow.isasync:

        @functools.wraps(function)
        async def asynchronous(*args: Any, **kwargs: Any) -> Any:
            outcome.append(None)
            try:
                result = await function(*args, **kwargs)
            except BaseException as cause:
                outcome.append(_failed(cause))
                raise
            outcome.append(Completed())
            return result

        wrapped: Callable[..., Any] = asynchronous
    else:

        @functools.wraps(function)
        def synchronous(*args: Any, **kwargs: Any) -> Any:
            outcome.append(None)
            try:
                result = function(*args, **kwargs)
            except BaseException as cause:
                outcome.append(_failed(cause))
                raise
            outcome.append(Completed())
            return result

        wrapped = synchronous
    watched = copy.copy(flow)
    watched.fn = wrapped
    return watched, outcome


def _failed(cause: BaseException) -> State[Any]:
    return Failed(message=f"{type(cause).__name__}: {cause}"[:LONGEST_MESSAGE])


async def _as_state(coroutine: Any) -> State[Any]:
    return _checked(await coroutine)


def _checked(state: Any) -> State[Any]:
    if not isinstance(state, State):
        raise Abort(f"Prefect's engine answered {type(state).__name__}")
    return state


async def sleep_until(moment: datetime) -> None:
    """Return at that moment, or at once when it is past."""
    await asyncio.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))
