"""A box that says nothing of its own about faults or books: it gets both all the same."""

import asyncio
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.faults.test_in_process import ask
from tricord.sandbox.front import front
from tricord.sandbox.outbox import Outbox, Parcel


class PlainBox:
    """The least that a box has to have."""

    name = "plain"
    title = "Plain"

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.asked = 0
        self.app = Starlette(routes=[Route("/", self._page), Route("/things", self._things)])

    @property
    def credentials(self) -> dict[str, str]:
        return {}

    def state(self) -> dict[str, Any]:
        return {"asked": self.asked}

    async def start(self, host: str, port: int) -> None:
        """Nothing but HTTP here."""

    async def stop(self) -> None:
        """Nothing was opened."""

    async def _page(self, _: Request) -> Response:
        return HTMLResponse("<html><body><p>Things</p></body></html>")

    async def _things(self, _: Request) -> Response:
        self.asked += 1
        return JSONResponse({"things": self.asked})


def test_a_plain_box_is_struck_in_plain_words() -> None:
    async def story() -> None:
        box = PlainBox()
        gate = front(box)
        gate.plan([{"fault": "rate_limited", "next": 1}, {"fault": "server_error", "every": 2}])
        said = [await ask(gate, "GET", "/things") for _ in range(4)]
        assert [status for status, _ in said] == [429, 200, 500, 200]
        assert said[0][1] == {"error": "too many requests"}
        assert box.asked == 2

    asyncio.run(story())


def test_a_plain_box_keeps_no_books_and_says_so() -> None:
    async def story() -> None:
        status, said = await ask(front(PlainBox()), "GET", "/_sandbox/ledger")
        assert status == 404
        assert "plain keeps no ledger" in said["error"]

    asyncio.run(story())


def test_a_plain_boxs_subscription_lapses_until_the_box_says_it_was_renewed() -> None:
    box = PlainBox()
    front(box).plan([{"fault": "lapse"}])

    def put() -> Parcel | None:
        return box.outbox.put("http://127.0.0.1:1/", b"{}", lambda *_: {}, "a")

    assert put() is None
    assert box.outbox.dropped == 1
    box.outbox.renew()
    assert put() is not None
