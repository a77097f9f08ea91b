"""The control endpoint every box has under /_sandbox/: state, webhooks, faults and books."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tricord.sandbox.box import Box, KeepsBooks
from tricord.sandbox.faults.dialect import Dialect
from tricord.sandbox.faults.faults import Faults
from tricord.sandbox.faults.page import page_of, plan_of_form
from tricord.sandbox.faults.plan import BadPlan, faults_from, shown
from tricord.sandbox.outbox import Outbox


def control_routes(outbox: Outbox, state: Callable[[], dict[str, Any]]) -> list[Route]:
    """`GET state`, `GET webhooks`, `POST deliver`, `POST settings {"webhooks","automatic"}`."""

    async def read_state(_: Request) -> Response:
        return JSONResponse(state())

    async def webhooks(_: Request) -> Response:
        return JSONResponse({"webhooks": outbox.summaries(), "dropped": outbox.dropped})

    async def deliver(_: Request) -> Response:
        return JSONResponse({"delivered": await outbox.deliver_now()})

    async def settings(request: Request) -> Response:
        wanted = await request.json()
        unknown = set(wanted) - {"webhooks", "automatic"}
        if unknown:
            return JSONResponse({"error": f"unknown settings: {sorted(unknown)}"}, status_code=400)
        outbox.enabled = bool(wanted.get("webhooks", outbox.enabled))
        outbox.automatic = bool(wanted.get("automatic", outbox.automatic))
        return JSONResponse({"webhooks": outbox.enabled, "automatic": outbox.automatic})

    return [
        Route("/_sandbox/state", read_state),
        Route("/_sandbox/webhooks", webhooks),
        Route("/_sandbox/deliver", deliver, methods=["POST"]),
        Route("/_sandbox/settings", settings, methods=["POST"]),
    ]


def shared_controls(box: Box, faults: Faults, dialect: Dialect) -> Starlette:
    """What the front answers for every box: `faults` (and a page to switch them), `ledger`."""
    controls = FaultControls(box.title, faults, dialect)

    async def ledger(_: Request) -> Response:
        if not isinstance(box, KeepsBooks):
            error = f"the sandbox {box.name} keeps no ledger; ask /_sandbox/state"
            return JSONResponse({"error": error}, status_code=404)
        return JSONResponse({"objects": [entry.shown() for entry in box.ledger()]})

    return Starlette(
        routes=[
            Route("/_sandbox/faults", controls.read, methods=["GET"]),
            Route("/_sandbox/faults", controls.switch, methods=["POST"]),
            Route("/_sandbox/faults", controls.clear, methods=["DELETE"]),
            Route("/_sandbox/faults/{id:int}", controls.remove, methods=["DELETE"]),
            Route("/_sandbox/ledger", ledger),
        ]
    )


class FaultControls:
    """Reads and changes the plan of one box, in JSON and from the form of its page."""

    def __init__(self, title: str, faults: Faults, dialect: Dialect) -> None:
        self._title = title
        self._faults = faults
        self._dialect = dialect

    async def read(self, request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            problem = request.query_params.get("problem")
            return HTMLResponse(page_of(self._title, self._faults, self._dialect.kinds, problem))
        return JSONResponse(self._shown())

    async def switch(self, request: Request) -> Response:
        """`{"set": [...]}` replaces the plan and `{"add": [...]}` adds to it; `seed` goes along."""
        kind = request.headers.get("content-type", "")
        if kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
            return await self._switch_by_form(request)
        try:
            self._change(_object(await request.body()))
        except BadPlan as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse(self._shown())

    async def clear(self, _: Request) -> Response:
        self._faults.set([])
        return JSONResponse(self._shown())

    async def remove(self, request: Request) -> Response:
        if not self._faults.remove(request.path_params["id"]):
            error = f"no fault has the id {request.path_params['id']}"
            return JSONResponse({"error": error}, status_code=404)
        return JSONResponse(self._shown())

    async def _switch_by_form(self, request: Request) -> Response:
        async with request.form() as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
        problem = ""
        try:
            if "remove" in fields:
                self._faults.remove(int(fields["remove"]))
            else:
                self._change({"add": [plan_of_form(fields)]})
        except (BadPlan, ValueError) as error:
            problem = f"?{urlencode({'problem': str(error)})}"
        return RedirectResponse(f"/_sandbox/faults{problem}", status_code=303)

    def _change(self, wanted: dict[str, Any]) -> None:
        unknown = sorted(set(wanted) - {"set", "add", "seed"})
        if unknown:
            raise BadPlan(f"unknown keys {unknown}; a change has set, add and seed")
        if not set(wanted) & {"set", "add"}:
            raise BadPlan('give the faults to "set" in place of the plan, or to "add" to it')
        seed = wanted.get("seed")
        if seed is not None and ("set" not in wanted or type(seed) is not int):
            raise BadPlan('"seed" is a whole number that goes with "set"')
        now, kinds = self._faults.clock(), self._dialect.kinds
        # Both are read before either is done: a bad plan changes nothing.
        instead = faults_from(wanted.get("set", []), kinds, now)
        more = faults_from(wanted.get("add", []), kinds, now)
        if "set" in wanted:
            self._faults.set(instead, seed)
        self._faults.add(more)

    def _shown(self) -> dict[str, Any]:
        return {
            "seed": self._faults.seed,
            "known": sorted(self._dialect.kinds),
            "faults": [
                {
                    "id": one.id,
                    **shown(one.fault),
                    "seen": one.seen,
                    "struck": one.struck,
                    "last": one.last.isoformat() if one.last else None,
                    "spent": one.spent,
                }
                for one in self._faults.active
            ],
            "struck": [strike.shown() for strike in self._faults.strikes],
        }


def _object(raw: bytes) -> dict[str, Any]:
    try:
        read = json.loads(raw)
    except ValueError as error:
        raise BadPlan(f"this is no JSON: {error}") from None
    if not isinstance(read, dict):
        raise BadPlan('a change is an object: {"set": [...]} or {"add": [...]}')
    return read
