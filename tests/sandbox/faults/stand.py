"""Any box on a real socket with a hub that listens, and one piece of work for each vendor."""

import asyncio
import http.client
import json
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urlsplit

from tricord.sandbox.box import Box, Settings
from tricord.sandbox.hubspot import HubSpotBox
from tricord.sandbox.serving import BOXES, Running, start_box
from tricord.sandbox.smtp import SmtpBox

Json = dict[str, Any]
LOST = (ConnectionError, http.client.HTTPException, smtplib.SMTPServerDisconnected)
"""How a caller sees that no answer comes."""


@dataclass(slots=True)
class MovingClock:
    """Starts now, so that SDKs take signatures for fresh; moves on by itself and when told to."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead  # noqa: TID251

    def pass_(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Heard:
    """A webhook as it arrived."""

    body: bytes
    headers: dict[str, str]


class Hub:
    """Listens for webhooks and takes them all."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        hub = self

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hub.heard.append(Heard(body, dict(self.headers.items())))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/any"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(slots=True)
class Stand:
    """One box, its address, its clock and its hub."""

    box: Box
    running: Running
    hub: Hub
    clock: MovingClock

    @property
    def url(self) -> str:
        return self.running.base_url

    def call(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case, body; one of `LOST` when no answer comes."""
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=5)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body=body, headers=named)
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content
        finally:
            connection.close()

    def control(self, method: str, path: str, body: Any = None) -> tuple[int, Json]:
        raw = None if body is None else json.dumps(body).encode()
        status, _, said = self.call(
            method, f"/_sandbox/{path}", raw, Content_Type="application/json"
        )
        return status, json.loads(said)

    def let(self, *plan: Json, seed: int = 7) -> None:
        """Puts this plan in place of what is on."""
        status, said = self.control("POST", "faults", {"set": list(plan), "seed": seed})
        assert status == 200, said

    def strikes(self, after: int = 0) -> list[Json]:
        struck: list[Json] = self.control("GET", "faults")[1]["struck"]
        return [one for one in struck if one["number"] > after]

    def books(self, key: str) -> list[Json]:
        found: list[Json] = self.control("GET", "ledger")[1]["objects"]
        return [one for one in found if one["key"].strip("<>") == key]

    def heard(self, count: int) -> list[Heard]:
        """What the hub has heard once it is so much; fails when it is not so soon."""
        until = time.monotonic() + 3
        while len(self.hub.heard) < count:
            assert time.monotonic() < until, f"heard {len(self.hub.heard)} and not {count}"
            time.sleep(0.005)
        return list(self.hub.heard)

    def settled(self) -> list[Heard]:
        """What the hub has heard once nothing waits any more."""
        until = time.monotonic() + 3
        while any(not parcel.done for parcel in list(self.box.outbox.parcels)):
            assert time.monotonic() < until, "webhooks still wait"
            time.sleep(0.005)
        return list(self.hub.heard)


@contextmanager
def standing(name: str) -> Iterator[Stand]:
    """A box by its name, among all there are."""
    loop, hub, clock = asyncio.new_event_loop(), Hub(), MovingClock()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    box = BOXES[name](Settings(hook_url=hub.url, clock=clock, seed=7))
    running = run(start_box(box))
    try:
        yield Stand(box=box, running=running, hub=hub, clock=clock)
    finally:
        run(running.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        hub.close()


Work = Callable[[Stand, str], bool]
"""Makes one object under a key, which is an address: False when the vendor refused it."""


def make_contact(stand: Stand, key: str) -> bool:
    assert isinstance(stand.box, HubSpotBox)
    token = stand.box.credentials["token"]
    body = json.dumps({"properties": {"email": key}}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content_Type": "application/json"}
    return stand.call("POST", "/crm/v3/objects/contacts", body, **headers)[0] == 201


def make_customer(stand: Stand, key: str) -> bool:
    form = urlencode({"name": "Ada", "metadata[order_key]": key})
    return stripe_call(stand, "POST", "/v1/customers", form)[0] == 200


def stripe_call(stand: Stand, method: str, path: str, form: str = "") -> tuple[int, Json]:
    headers = {"Authorization": f"Bearer {stand.box.credentials['api_key']}"}
    if form:
        headers["Content_Type"] = "application/x-www-form-urlencoded"
    status, _, body = stand.call(method, path, form.encode() if form else None, **headers)
    return status, json.loads(body)


def send_mail(stand: Stand, key: str) -> bool:
    try:
        deliver_mail(stand, key)
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException:
        return False
    return True


def deliver_mail(stand: Stand, key: str) -> None:
    """Raises the refusal as smtplib has it."""
    assert isinstance(stand.box, SmtpBox)
    where = urlsplit(stand.box.credentials["url"])
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = "firm@firm.example", key, f"<{key}>"
    mail.set_content("Hello")
    with smtplib.SMTP(str(where.hostname), where.port or 0, timeout=5) as client:
        client.login(str(where.username), str(where.password))
        client.send_message(mail)


WORK: dict[str, Work] = {
    "hubspot": make_contact,
    "stripe": make_customer,
    "smtp": send_mail,
}
