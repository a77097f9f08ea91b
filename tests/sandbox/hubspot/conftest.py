"""A HubSpot box on a real socket, a hub that listens to it, and the official SDK between them."""

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import hubspot
import pytest

from tricord.sandbox.box import Settings
from tricord.sandbox.hubspot import HubSpotBox
from tricord.sandbox.serving import Running, start_box

Json = dict[str, Any]


@dataclass(slots=True)
class HandClock:
    """Moves when told to; starts now, so that the SDK takes the box's signatures for fresh."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))  # noqa: TID251

    def __call__(self) -> datetime:
        return self.moment

    def pass_(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as it arrived."""

    body: str
    headers: dict[str, str]

    @property
    def events(self) -> list[Json]:
        read: list[Json] = json.loads(self.body)
        return read


class Hub:
    """Listens for webhooks; `answers` are the statuses of the next ones, then 200."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.answers: list[int] = []
        hub = self

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                hub.deliveries.append(Delivery(body, dict(self.headers.items())))
                self.send_response(hub.answers.pop(0) if hub.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/hubspot?place=a%2Cb"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def events(self, type_: str | None = None) -> list[Json]:
        heard = [event for one in self.deliveries for event in one.events]
        return [one for one in heard if type_ in (None, one["subscriptionType"])]

    def wait_for(self, type_: str, times: int = 1) -> list[Json]:
        """The events of a type, once there are enough of them; fails after three seconds."""
        until = time.monotonic() + 3
        while len(found := self.events(type_)) < times:
            assert time.monotonic() < until, (
                f"heard only {[e['subscriptionType'] for e in self.events()]}"
            )
            time.sleep(0.01)
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(slots=True)
class Stage:
    """The box, the hub and the clock of one test."""

    box: HubSpotBox
    url: str
    hub: Hub
    clock: HandClock
    sdk: Any

    def send(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """A plain request, for what the SDK does not speak: (status, JSON or text, headers).

        The names of the headers are in lower case.
        """
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {token or self.box.credentials['token']}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, _parsed(answer.read()), _named(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _parsed(error.read()), _named(error.headers)

    def state(self) -> Json:
        found: Json = self.send("GET", "/_sandbox/state")[1]
        return found

    def deal(self, **properties: str) -> str:
        given = {"dealname": "A deal", "dealstage": "qualifiedtobuy"} | properties
        created: str = self.sdk.crm.deals.basic_api.create({"properties": given}).id
        return created

    def contact(self, email: str, **properties: str) -> str:
        given = {"email": email} | properties
        created: str = self.sdk.crm.contacts.basic_api.create({"properties": given}).id
        return created

    def company(self, name: str) -> str:
        given = {"properties": {"name": name}}
        created: str = self.sdk.crm.companies.basic_api.create(given).id
        return created


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode()


def _named(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class _Loop:
    """An event loop in a thread, for the box to live in."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    hub, loop, clock = Hub(), _Loop(), HandClock()
    box = HubSpotBox(Settings(hook_url=hub.url, clock=clock, seed=7))
    running: Running = loop.run(start_box(box))
    sdk = hubspot.Client.create(access_token=box.credentials["token"], host=running.base_url)
    try:
        yield Stage(box=box, url=running.base_url, hub=hub, clock=clock, sdk=sdk)
    finally:
        loop.run(running.stop())
        loop.close()
        hub.close()


@pytest.fixture
def refused() -> Callable[[Callable[[], Any]], tuple[int, Json]]:
    """What the SDK was told when it was refused: (status, error body)."""

    def call(attempt: Callable[[], Any]) -> tuple[int, Json]:
        with pytest.raises(Exception, match="Reason") as caught:
            attempt()
        said: Any = caught.value
        return said.status, json.loads(said.body)

    return call
