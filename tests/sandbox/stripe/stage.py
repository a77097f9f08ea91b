"""A Stripe box on a real socket, a hub that listens, and the official SDK between them."""

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tricord.sandbox.box import Settings
from tricord.sandbox.stripe import StripeBox


@dataclass(slots=True)
class HandClock:
    """A clock that moves when told to, starting now so that the SDK accepts its signatures."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))  # noqa: TID251

    def __call__(self) -> datetime:
        return self.moment

    def pass_(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass(frozen=True, slots=True)
class Heard:
    """A webhook as it arrived: the bytes and the signature over them."""

    path: str
    body: bytes
    signature: str

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Front:
    """An address that outlives the application behind it: a socket for many tests."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None, "no test is on stage"
        await self.app(scope, receive, send)


class Venue:
    """A thread with an event loop and two real sockets, opened once for all tests."""

    def __init__(self) -> None:
        self.box, self.hub = _Front(), _Front()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._stops: list[Callable[[], Awaitable[None]]] = []

    def open(self) -> None:
        self._thread.start()
        for front in (self.box, self.hub):
            self.run(self._serve(front))

    def close(self) -> None:
        for stop in self._stops:
            self.run(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _serve(self, front: _Front) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        front.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(front, log_level="warning", access_log=False, lifespan="off")
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))

        async def stop() -> None:
            server.should_exit = True
            await task

        self._stops.append(stop)
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
            await asyncio.sleep(0.002)


class Stage:
    """A fresh box and a hub that hears it, with an SDK client."""

    def __init__(self, venue: Venue) -> None:
        self.clock = HandClock()
        self.heard: list[Heard] = []
        self.hub_status = 200
        self._venue = venue
        self.hub, self.url = venue.hub.url, venue.box.url
        venue.hub.app = self._hub_app()
        self.settings = Settings(hook_url=f"{self.hub}/hooks/stripe", clock=self.clock, seed=7)
        self.box = StripeBox(self.settings)
        venue.box.app = self.box.app
        venue.run(self.box.start("127.0.0.1", 0))
        venue.run(self.box.outbox.start())
        self.client = self.sdk(self.box.credentials["api_key"])
        self.secret = self.box.credentials["webhook_secret"]

    def close(self) -> None:
        self._venue.run(self.box.outbox.stop())
        self._venue.run(self.box.stop())

    def sdk(self, api_key: str) -> stripe.StripeClient:
        return stripe.StripeClient(
            api_key,
            base_addresses={"api": self.url},
            http_client=stripe.UrllibClient(),
            max_network_retries=0,
        )

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One plain HTTP request, redirects not followed: status, headers, body."""
        host, port = self.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers=named)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content

    def api(self, method: str, path: str, form: str = "", **headers: str) -> dict[str, Any]:
        """An API call below the SDK: the body, with `status` and `headers` beside it."""
        key = self.box.credentials["api_key"]
        sent = {"Authorization": f"Bearer {key}", **headers}
        if method == "POST":
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        status, got, body = self.request(method, path, form.encode(), **sent)
        return {"status": status, "headers": got, **json.loads(body)}

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        """POST JSON to one of the box's controls."""
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            read: dict[str, Any] = json.load(answer)
            return read

    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_sandbox/state") as answer:
            read: dict[str, Any] = json.load(answer)
            return read

    def await_webhooks(self) -> list[Heard]:
        """Everything heard once the box has nothing left to deliver."""
        deadline = time.monotonic() + 5
        while any(not parcel.done for parcel in list(self.box.outbox.parcels)):
            assert time.monotonic() < deadline, "webhooks did not arrive"
            time.sleep(0.005)
        return list(self.heard)

    def events(self) -> list[dict[str, Any]]:
        """What was heard, in the order it was sent: delivery promises no order."""
        order = {p.about.split()[1]: p.id for p in self.box.outbox.parcels}
        heard = [webhook.json for webhook in self.await_webhooks()]
        return sorted(heard, key=lambda event: order[event["id"]])

    def event_types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def forget_webhooks(self) -> None:
        self.await_webhooks()
        self.heard.clear()

    def _hub_app(self) -> Starlette:
        async def hear(request: Request) -> Response:
            signature = request.headers.get("stripe-signature", "")
            self.heard.append(Heard(request.url.path, await request.body(), signature))
            return Response(status_code=self.hub_status)

        return Starlette(routes=[Route("/hooks/{name}", hear, methods=["POST"])])


@dataclass(frozen=True, slots=True)
class Billed:
    """A customer with an invoice, as most tests start."""

    customer: stripe.Customer
    invoice: stripe.Invoice
