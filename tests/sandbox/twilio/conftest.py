"""A Twilio box on a real socket, a hub that listens to it, and the official SDK between them."""

import asyncio
import base64
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.rest import Client

from tricord.sandbox.box import Settings
from tricord.sandbox.serving import Running, start_box
from tricord.sandbox.twilio import TwilioBox

Json = dict[str, Any]
FIRM, CLIENT = "+15550100", "+15550142"


@dataclass(slots=True)
class HandClock:
    moment: datetime = field(default_factory=lambda: datetime(2026, 11, 2, 15, 30, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.moment

    def pass_(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A callback as it arrived."""

    url: str
    body: str
    headers: dict[str, str]

    @property
    def fields(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))

    def genuine(self, secret: str) -> bool:
        """What Twilio's own SDK says of the signature."""
        settings = self.headers.get("X-Twilio-Webhooks-Signature-Settings")
        valid: bool = RequestValidator(secret).validate(
            self.url,
            self.fields,
            self.headers["X-Twilio-Signature"],
            get_signature_algorithm(settings),
        )
        return valid


class Hub:
    """Listens for callbacks; `answers` are the statuses of the next ones, then 200."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.answers: list[int] = []
        hub = self

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                url = f"{hub.base_url}{self.path}"
                hub.deliveries.append(Delivery(url, body, dict(self.headers.items())))
                self.send_response(hub.answers.pop(0) if hub.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.base_url}/hooks/phone?place=here"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def wait_for(self, count: int) -> list[Json]:
        """What was told, once there are so many callbacks; fails after three seconds."""
        until = time.monotonic() + 3
        while len(self.deliveries) < count:
            assert time.monotonic() < until, f"heard only {[d.fields for d in self.deliveries]}"
            time.sleep(0.01)
        return [one.fields for one in self.deliveries]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(slots=True)
class Stage:
    """The box, the hub and the clock of one test."""

    box: TwilioBox
    url: str
    hub: Hub
    clock: HandClock
    sdk: Client

    @property
    def home(self) -> str:
        return f"/2010-04-01/Accounts/{self.box.account.sid}"

    def send(
        self, method: str, path: str, form: list[tuple[str, str]] | None = None, **headers: str
    ) -> tuple[int, Any]:
        """A plain request, for what the SDK does not speak: status, and JSON, bytes or None."""
        sent = {"Authorization": basic(self.box.account.sid, self.box.account.auth_token)}
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if form is None else urlencode(form).encode(),
            headers=sent | headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, _parsed(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _parsed(error.read())

    def act(self, path: str, **fields: Any) -> Json:
        """A client does something with their phone, or a test turns a switch."""
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}",
            data=json.dumps(fields).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            read: Json = json.load(answer)
            return read

    def text(self, body: str, to: str = CLIENT, **more: str) -> Any:
        """The firm sends a message through the SDK."""
        return self.sdk.messages.create(to=to, from_=FIRM, body=body, **more)

    def state(self) -> Json:
        found: Json = self.send("GET", "/_sandbox/state")[1]
        return found


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw


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
    box = TwilioBox(Settings(hook_url=hub.url, clock=clock, seed=7))
    running: Running = loop.run(start_box(box))
    wire = TwilioHttpClient()
    sdk = Client(box.account.sid, box.account.auth_token, http_client=wire)
    sdk.api.base_url = running.base_url
    try:
        yield Stage(box=box, url=running.base_url, hub=hub, clock=clock, sdk=sdk)
    finally:
        if wire.session is not None:
            wire.session.close()
        loop.run(running.stop())
        loop.close()
        hub.close()
