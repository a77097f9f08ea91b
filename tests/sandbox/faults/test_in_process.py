"""Boxes behind their front without a socket: calls within the process, as simulations make them."""

import asyncio
import json
from typing import Any

import pytest

from tricord.sandbox.box import Settings
from tricord.sandbox.front import AnswerLost, Front, front
from tricord.sandbox.stripe import StripeBox


async def ask(gate: Front, method: str, path: str, form: str = "", **headers: str) -> Any:
    """(status, JSON) of one ASGI call."""
    scope: dict[str, Any] = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "scheme": "http", "http_version": "1.1", "root_path": "",
        "server": ("box.example", 80), "client": ("127.0.0.1", 1), "state": {},
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": form.encode(), "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    await gate(scope, receive, send)
    return said[0]["status"], json.loads(b"".join(one.get("body", b"") for one in said[1:]))


def test_a_lost_answer_is_an_error_of_the_connection_and_the_work_is_done() -> None:
    async def story() -> None:
        box = StripeBox(Settings(seed=7))
        gate = front(box)
        gate.plan([{"fault": "timeout_after_acting", "next": 1}])
        key = {"authorization": f"Bearer {box.credentials['api_key']}"}
        form = {"content_type": "application/x-www-form-urlencoded"}
        with pytest.raises(AnswerLost):
            await ask(gate, "POST", "/v1/customers", "name=Ada", **key, **form)
        status, found = await ask(gate, "GET", "/v1/customers", **key)
        assert (status, [one["name"] for one in found["data"]]) == (200, ["Ada"])
        assert isinstance(AnswerLost(), ConnectionError)

    asyncio.run(story())


def test_the_same_seed_and_plan_strike_the_same_calls_in_another_box() -> None:
    async def story(seed: int) -> list[int]:
        gate = front(StripeBox(Settings(seed=seed)))
        gate.plan([{"fault": "rate_limited", "chance": 0.3}])
        return [(await ask(gate, "GET", f"/v1/events/{n}"))[0] for n in range(60)]

    first = asyncio.run(story(4))
    assert set(first) == {401, 429}
    assert asyncio.run(story(4)) == first
    assert asyncio.run(story(5)) != first


def test_faults_change_no_id_that_the_vendor_gives_out() -> None:
    async def made(*plan: dict[str, Any]) -> str:
        box = StripeBox(Settings(seed=7))
        gate = front(box)
        gate.plan(list(plan))
        headers = {
            "authorization": f"Bearer {box.credentials['api_key']}",
            "content_type": "application/x-www-form-urlencoded",
        }
        for _ in range(9):
            status, said = await ask(gate, "POST", "/v1/customers", "name=Ada", **headers)
            if status == 200:
                return str(said["id"])
        raise AssertionError("every call was struck")

    assert asyncio.run(made()) == asyncio.run(made({"fault": "rate_limited", "next": 3}))
