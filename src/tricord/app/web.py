"""Web: one uvicorn server on one socket, started and ended by whoever runs the process."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the process's signals to whoever started it."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # uvicorn types it loosely too
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address; 0 takes a free port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.asynccontextmanager
async def served(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """The application answers on the socket for as long as the block lasts."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        await task


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens at, for a moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        taken: int = probe.getsockname()[1]
        return taken
