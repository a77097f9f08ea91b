"""What stands before every box: the faults a call meets, and the controls all boxes share.

`front(box)` is an ASGI application, for a socket or for calls within the process.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tricord.sandbox.box import Box, Speaks, Subscribes, wall_clock
from tricord.sandbox.control import shared_controls
from tricord.sandbox.faults.dialect import Answer, Dialect, Struck
from tricord.sandbox.faults.fault import FaultKind
from tricord.sandbox.faults.faults import Faults, Strike
from tricord.sandbox.faults.page import strip
from tricord.sandbox.faults.plan import faults_from

CUT = "sandbox.cut"
"""The ASGI extension by which a server lets the connection be cut; see `serving`."""

_ANSWERED = (FaultKind.REVOKED_ACCESS, FaultKind.EXPIRED_TOKEN, FaultKind.RATE_LIMITED)


class AnswerLost(ConnectionError):
    """A call within the process got no answer, as a caller on a socket would get none."""


def front(box: Box, faults: Faults | None = None) -> "Front":
    """`faults` are the box's own where it has some; a box that has none gets plain ones."""
    if isinstance(box, Speaks):
        return Front(box, box.faults, box.dialect)
    return Front(box, faults or Faults(wall_clock), Dialect())


class Front:
    """A call meets the faults in the order of `FaultKind`; one that ends it hides the rest."""

    def __init__(self, box: Box, faults: Faults, dialect: Dialect) -> None:
        self.box = box
        self.faults = faults
        self.dialect = dialect
        self._closing = asyncio.Event()
        box.outbox.faults = faults
        if isinstance(box, Subscribes):
            box.outbox.on_lapse = box.lapse
        self._controls: ASGIApp = shared_controls(box, faults, dialect)

    def plan(self, faults: Any) -> None:
        """Puts a plan, as JSON, in place of what is on; raises `BadPlan` and changes nothing."""
        self.faults.set(faults_from(faults, self.dialect.kinds, self.faults.clock()))
        self.box.outbox.lapse_when_due()

    def close(self) -> None:
        """Lets no call hang any longer."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.box.app(scope, receive, send)
        elif scope["path"].startswith(("/_sandbox/faults", "/_sandbox/ledger")):
            await self._controls(scope, receive, send)
            self.box.outbox.lapse_when_due()
        elif self.dialect.has(scope["path"]):
            self.box.outbox.lapse_when_due()
            await _Passage(self, scope, receive, send).go()
        elif scope["path"].startswith("/_sandbox/"):
            await self.box.app(scope, receive, send)
        else:
            await self.box.app(scope, receive, strip(send, self.faults))

    async def pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()


class _Passage:
    """One call on its way through the faults to the vendor, and its answer on the way back."""

    def __init__(self, front: Front, scope: Scope, receive: Receive, send: Send) -> None:
        self._front = front
        self._scope = scope
        self._receive = receive
        self._send = send

    async def go(self) -> None:
        if await self._ends_early():
            return
        failed = self._strike(FaultKind.SERVER_ERROR)
        if failed is not None and not failed.fault.acts:
            await self._refuse(failed)
            return
        lost = self._strike(FaultKind.TIMEOUT_AFTER_ACTING)
        if failed is None and lost is None:
            await self._front.box.app(self._scope, self._receive, self._send)
            return
        await self._act_unseen()
        if lost is not None:
            await self._never_answer(lost)
        elif failed is not None:
            await self._answer(failed)

    async def _ends_early(self) -> bool:
        if strike := self._strike(FaultKind.DOWN):
            await (self._cut() if strike.fault.status is None else self._refuse(strike))
            return True
        if strike := self._strike(FaultKind.SLOW):
            await self._front.pause(strike.fault.seconds or 0.0)
        if strike := self._strike(FaultKind.TIMEOUT_BEFORE_ACTING):
            await self._read()
            await self._never_answer(strike)
            return True
        for kind in _ANSWERED:
            if strike := self._strike(kind):
                await self._refuse(strike)
                return True
        return False

    def _strike(self, kind: FaultKind) -> Strike | None:
        return self._front.faults.strike(kind, self._scope["method"], self._scope["path"])

    async def _act_unseen(self) -> None:
        async def nowhere(_: Message) -> None:
            """The vendor has answered; nobody will hear it."""

        await self._front.box.app(self._scope, self._receive, nowhere)

    async def _never_answer(self, strike: Strike) -> None:
        await self._front.pause(strike.fault.seconds or 0.0)
        await self._cut()

    async def _cut(self) -> None:
        cut: Callable[[], None] | None = self._scope.get("extensions", {}).get(CUT)
        if cut is None:
            raise AnswerLost("the sandbox was told to let this answer be lost")
        cut()
        # One turn of the loop, so that the server sees the connection gone and says nothing.
        await asyncio.sleep(0)

    async def _refuse(self, strike: Strike) -> None:
        await self._read()
        await self._answer(strike)

    async def _answer(self, strike: Strike) -> None:
        told = Struck(
            strike=strike,
            method=self._scope["method"],
            path=self._scope["path"],
            headers={k.decode("latin-1"): v.decode("latin-1") for k, v in self._scope["headers"]},
            now=self._front.faults.clock(),
        )
        await _send_all(self._front.dialect.answer(told), self._send)

    async def _read(self) -> None:
        """Takes the whole request, so that the caller is not told of an error while it sends."""
        while True:
            message = await self._receive()
            if message["type"] != "http.request" or not message.get("more_body"):
                return


async def _send_all(answer: Answer, send: Send) -> None:
    headers = {"Content-Length": str(len(answer.body))} | dict(answer.headers)
    raw = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})
