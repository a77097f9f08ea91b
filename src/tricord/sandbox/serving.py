"""Runs boxes on loopback sockets, in this process, until told to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from tricord.sandbox.box import Box, Clock, Settings, wall_clock
from tricord.sandbox.faults.faults import Faults
from tricord.sandbox.faults.plan import BadPlan
from tricord.sandbox.front import CUT, Front, front
from tricord.sandbox.hubspot import HubSpotBox
from tricord.sandbox.pagerduty import PagerDutyBox
from tricord.sandbox.slack import SlackBox
from tricord.sandbox.smtp import SmtpBox
from tricord.sandbox.stripe import StripeBox
from tricord.sandbox.teams import TeamsBox
from tricord.sandbox.twilio import TwilioBox
from tricord.sandbox.webhook import WebhookBox

BOXES: dict[str, Callable[[Settings], Box]] = {
    "hubspot": HubSpotBox,
    "stripe": StripeBox,
    "smtp": SmtpBox,
    "twilio": TwilioBox,
    "slack": SlackBox,
    "teams": TeamsBox,
    "pagerduty": PagerDutyBox,
    "webhook": WebhookBox,
}


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the process's signals to whoever started it."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # uvicorn types it loosely too
        yield


class _Line(AutoHTTPProtocol):  # type: ignore[valid-type,misc]  # chosen when uvicorn is imported
    """A connection that an application can cut, by the ASGI extension `CUT`."""

    app: ASGIApp

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        app = self.app

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), CUT: transport.abort}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = with_cut


@dataclass(slots=True)
class Running:
    """A box on its socket."""

    box: Box
    front: Front
    base_url: str
    hook_url: str | None
    server: uvicorn.Server
    task: asyncio.Task[None]

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.box.name,
            "title": self.box.title,
            "base_url": self.base_url,
            "page": f"{self.base_url}/",
            "webhook_url": self.hook_url,
            "webhook_secret": self.box.credentials.get("webhook_secret"),
            "credentials": self.box.credentials,
        }

    async def stop(self) -> None:
        self.server.should_exit = True
        self.front.close()
        await self.task
        await self.box.outbox.stop()
        await self.box.stop()


async def start_box(
    box: Box,
    port: int = 0,
    host: str = "127.0.0.1",
    hook_url: str | None = None,
    faults: Faults | None = None,
) -> Running:
    """Serve `box` at `port` (0 takes a free one); anything not HTTP opens on the port above it.

    `faults` are for a box that has none of its own.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    taken: int = listener.getsockname()[1]
    await box.start(host, taken + 1 if port else 0)
    await box.outbox.start()
    gate = front(box, faults)
    config = uvicorn.Config(gate, log_level="warning", access_log=False, lifespan="off", http=_Line)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.005)
    return Running(
        box=box,
        front=gate,
        base_url=f"http://{host}:{taken}",
        hook_url=hook_url,
        server=server,
        task=task,
    )


async def start_boxes(
    names: Sequence[str],
    *,
    hub: str | None,
    port_base: int = 0,
    seed: int | None = None,
    faults: Mapping[str, Any] | None = None,
    connections: Mapping[str, str] | None = None,
    clock: Clock = wall_clock,
) -> list[Running]:
    """Start each named box, ten ports apart; webhooks go to `{hub}/hooks/{name}`.

    `connections` says what the hub calls a vendor, where it is not by the vendor's name. The CRM
    knows the fields of the example firm, as a firm's own CRM would. `faults` holds a plan for each
    name; `BadPlan` says what is wrong with one. All of them go by `clock`.
    """
    plans = dict(faults or {})
    if strange := sorted(set(plans) - set(names)):
        raise BadPlan(f"faults for {', '.join(strange)}, but only {', '.join(names)} are started")
    running: list[Running] = []
    for place, name in enumerate(names):
        called = (connections or {}).get(name, name)
        hook_url = f"{hub.rstrip('/')}/hooks/{called}" if hub else None
        settings = Settings(hook_url=hook_url, seed=seed, clock=clock)
        box = BOXES[name](settings)
        if isinstance(box, HubSpotBox):
            box.demo_schema()
        port = port_base + 10 * place if port_base else 0
        one = await start_box(box, port, hook_url=hook_url, faults=settings.faults)
        running.append(one)
        try:
            one.front.plan(plans.get(name, []))
        except BadPlan as error:
            for started in running:
                await started.stop()
            raise BadPlan(f"{name}: {error}") from None
    return running
