"""The hub, in one process or in several, until it is told to stop."""

import asyncio
import contextlib
import getpass
import json
from collections.abc import Callable, Coroutine

import click

from tricord.app.home import Home
from tricord.app.logging import quiet_logs
from tricord.app.minding import minded_watch
from tricord.app.watching import is_wanted
from tricord.app.wiring import Hub, NeedsPostgres, run_worker, running_hub, running_server
from tricord.cli.asking import Found, as_json, in_home
from tricord.cli.signals import until_stopped


@click.command
@in_home
@as_json
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8765, show_default=True, help="The port; 0 takes a free one.")
@click.option(
    "--watch/--no-watch",
    "watch_wanted",
    default=True,
    show_default=True,
    help="Send alerts from a process beside it, that outlives it.",
)
def up(home: Home, json_wanted: bool, host: str, port: int, watch_wanted: bool) -> int:
    """Run the hub: webhooks, engine and console in one process, and alerts in another."""

    async def work() -> int:
        stopped = until_stopped()
        try:
            async with contextlib.AsyncExitStack() as stack:
                hub = await stack.enter_async_context(running_hub(home, host=host, port=port))
                if watch_wanted and hub.loaded and is_wanted(hub.loaded):
                    await stack.enter_async_context(minded_watch(home, hub.base_url))
                await _announce(hub, json_wanted)
                await stopped.wait()
        except OSError as error:
            raise Found(f"cannot listen at {host}:{port}: {error.strerror}") from error
        return 0

    quiet_logs()
    return asyncio.run(work())


@click.command
@in_home
@as_json
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8765, show_default=True, help="The port; 0 takes a free one.")
def serve(home: Home, json_wanted: bool, host: str, port: int) -> int:
    """Take webhooks and show the console; `tricord work` does the work. PostgreSQL only."""

    async def work() -> int:
        stopped = until_stopped()
        try:
            async with running_server(home, host=host, port=port) as hub:
                await _announce(hub, json_wanted)
                await stopped.wait()
        except OSError as error:
            raise Found(f"cannot listen at {host}:{port}: {error.strerror}") from error
        return 0

    return _run(work)


@click.command
@in_home
@as_json
def work(home: Home, json_wanted: bool) -> int:
    """Do the work beside any number of others like it. PostgreSQL only.

    A worker that dies is noticed by the others within seconds; they look up what it had in hand.
    """

    def ready(hub: Hub) -> None:
        worker = hub.engine.means.pulse.worker if hub.engine else 0
        if json_wanted:
            click.echo(json.dumps({"worker": worker, "home": str(home.path)}))
        else:
            click.echo(f"Worker {worker} is at work  (home: {home.path})")

    async def whole() -> int:
        await run_worker(home, until_stopped(), ready=ready)
        return 0

    return _run(whole)


def _run(work: Callable[[], Coroutine[None, None, int]]) -> int:
    quiet_logs()
    try:
        return asyncio.run(work())
    except NeedsPostgres as error:
        raise Found(str(error)) from error


async def _announce(hub: Hub, json_wanted: bool) -> None:
    link = await hub.link(getpass.getuser())
    if json_wanted:
        told = {"url": hub.base_url, "home": str(hub.home.path), "open": link}
        click.echo(json.dumps(told))
        return
    click.echo(f"Tricord is ready at {hub.base_url}/  (home: {hub.home.path})")
    click.echo(f"\n  Open the console: {link}\n")
    click.echo("This link opens it once, within ten minutes; for another: tricord link")
    if hub.engine is None:
        click.echo("There is no tricord.yaml yet, so nothing is done: run tricord init")
        return
    if not hub.engine.means.live:
        click.echo("Nothing is sent: the import is not finished, or go-live is not signed yet.")
    for name, connection in hub.engine.connections.items():
        takes = connection.connector.signature is not None
        hook = f"  webhooks to {hub.base_url}/hooks/{name}" if takes else ""
        click.echo(f"  {name}: {connection.connector.title}{hook}")
