"""A vendor that answers at once: the floor that everything durable is measured against.

A process of its own speaks just enough HTTP/1.1 to take a request and answer it, and remembers
when it was asked for each account. `CONNECTOR` is a connector for it: a payment arrives whole by
webhook, and each command is one request.
"""

import asyncio
import hashlib
import hmac
import json
import multiprocessing
import time
from collections.abc import Sequence
from typing import Any

from tricord.core.commands import CreateCustomer, CreateInvoice, LogActivity, UpdateRecord
from tricord.core.delivery import Delivery
from tricord.core.ids import ExternalId, Kind, Ref
from tricord.core.money import Money
from tricord.core.records import Payment, PaymentStatus, Record
from tricord.sdk.connector import Access, Connector, Limits, Once, Setting, Verb, Work
from tricord.sdk.reader import milliseconds
from tricord.sdk.signing import timestamped_hex
from tricord.sdk.talk import Done, Hint, Reading, Talk, error_of, get, post_json

SECRET = "bench"
_ANSWER = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'
)


class _Vendor(asyncio.Protocol):
    def __init__(self, seen: dict[str, list[float]]) -> None:
        self._seen = seen
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            whole = end + 4 + length
            if len(self._buffer) < whole:
                return
            self._take(head, self._buffer[end + 4 : whole])
            self._buffer = self._buffer[whole:]

    def _take(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /seen"):
            raw = json.dumps(self._seen).encode()
            self._seen.clear()
            length = b"Content-Length: %d\r\n\r\n" % len(raw)
            self._transport.write(b"HTTP/1.1 200 OK\r\n" + length + raw)
            return
        if body:
            account = json.loads(body).get("account", "")
            self._seen.setdefault(account, []).append(time.time())
        self._transport.write(_ANSWER)


def _serve(port: Any) -> None:
    async def whole() -> None:
        seen: dict[str, list[float]] = {}
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Vendor(seen), "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(whole())


class Instant:
    """The vendor's process, for as long as the block lasts."""

    def __enter__(self) -> "Instant":
        ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(theirs,), daemon=True
        )
        self._process.start()
        self.url = f"http://127.0.0.1:{ours.recv()}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()


def _parse(access: Access, delivery: Delivery) -> Sequence[Record | Hint]:
    told = json.loads(delivery.body)
    return [
        Payment(
            ref=Ref(access.connection, Kind.PAYMENT, ExternalId(told["id"])),
            version=milliseconds(delivery.received_at),
            invoice=Ref(access.connection, Kind.INVOICE, ExternalId(told["invoice"])),
            amount=Money(told["minor"], "USD"),
            status=PaymentStatus.PAID,
            paid_at=delivery.received_at,
        )
    ]


def _act(access: Access, command: UpdateRecord | LogActivity, work: Work) -> Talk:
    yield post_json(f"/{type(command).__name__}", {"key": work.key, "account": command.account})
    return Done()


def _probe(access: Access) -> Reading:
    yield get("/")
    nothing: tuple[Record, ...] = ()
    return nothing


CONNECTOR = Connector(
    name="instant",
    title="Instant",
    base_url="http://127.0.0.1:1",
    settings=(Setting(name="webhook_secret", label="Secret", help="Signs webhooks"),),
    limits=Limits(at_once=64, per_second=1e9, burst=1),
    verbs={
        verb: Verb(once=Once.KEY, act=_act)
        for verb in (CreateCustomer, CreateInvoice, UpdateRecord, LogActivity)
    },
    headers=lambda access: (),
    explain=error_of,
    probe=_probe,
    signature=timestamped_hex("X-Instant"),
    delivery_id=lambda delivery: str(json.loads(delivery.body)["id"]),
    parse=_parse,
)


def signed(body: bytes) -> dict[str, str]:
    """The headers of a webhook from this vendor."""
    stamp = str(int(time.time()))
    mac = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-instant": f"t={stamp},v1={mac}"}
