"""The simulated exchange as a process: REST and streams behind one origin, moved ten times a second."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from risk.simulator.connection import StreamConnection
from risk.simulator.hub import Hub
from risk.simulator.orders import match_resting
from risk.simulator.rest import Gateway
from risk.simulator.world import SimulatorConfig, World

__all__ = ["SimulatorConfig", "serve", "simulator"]

TICK_S = 0.1
STOP_WITHIN_S = 1
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def wall_ms() -> int:
    """The machine's clock in milliseconds."""
    return time.time_ns() // 1_000_000


async def run_ticks(world: World, hub: Hub) -> None:
    """Move the world every tick and send what it has to say; a late tick is not made up for."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        tick(world, hub, loop.time())
        due = max(due + TICK_S, loop.time())
        await asyncio.sleep(due - loop.time())


def tick(world: World, hub: Hub, loop_s: float) -> None:
    """One step of everything."""
    now = world.now_ms()
    if not world.is_paused:
        world.notices += match_resting(world)
    hub.tick(now, world.tick(now))
    hub.keep_connections(loop_s)


def application(world: World) -> Starlette:
    """The REST application."""
    return Starlette(routes=[Mount("/", app=Gateway(world))])


def protocol_of(hub: Hub) -> Callable[..., StreamConnection]:
    """What uvicorn calls when a client asks for a WebSocket."""

    def make(*, config: Any, server_state: Any, app_state: Any) -> StreamConnection:
        return StreamConnection(hub, server_state.connections)

    return make


@asynccontextmanager
async def simulator(world: World) -> AsyncIterator[tuple[asyncio.Task[None], str]]:
    """The simulator inside a running loop: (the task that ends with it, its address HOST:PORT).

    Raises:
        OSError: the port is taken.
    """
    config, hub = world.config, Hub(world)
    listening = socket.create_server((config.host, config.port), backlog=1024)
    # Accepted sockets inherit it; without it every answer waits 40 ms for the client's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    settings = uvicorn.Config(
        application(world),
        ws=protocol_of(hub),  # type: ignore[arg-type]  # uvicorn takes a factory where it expects a class
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_WITHIN_S,
        server_header=False,
    )
    server = uvicorn.Server(settings)
    ticking = asyncio.create_task(run_ticks(world, hub))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    ticking.add_done_callback(lambda _: setattr(server, "should_exit", True))
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield serving, f"{config.host}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listening.close()
        ticking.cancel()
        await asyncio.wait([ticking])
    if not ticking.cancelled():
        ticking.result()  # a market that failed ends the simulator with its error


async def _run(world: World) -> None:
    for number in STOP_SIGNALS:  # uvicorn takes over, and raises the signal again when it has closed in order
        signal.signal(number, signal.SIG_IGN)
    async with simulator(world) as (serving, origin):
        ready = {"ready": True, "rest": f"http://{origin}", "stream": f"ws://{origin}"}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await serving


def serve(config: SimulatorConfig) -> None:
    """Run until SIGTERM or SIGINT; prints one line of JSON with the addresses when up.

    Raises:
        SettingsError: scenario, archive, symbol or fault script is wrong.
        OSError: the port is taken.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, _leave)
    asyncio.run(_run(World(config, wall_ms)))


def _leave(number: int, stack: object) -> None:
    raise SystemExit(0)
