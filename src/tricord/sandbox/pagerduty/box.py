"""PagerDuty as one box: the Events API v2 of one service, and the incidents that events make."""

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tricord.sandbox.arrivals.pages import Pages
from tricord.sandbox.arrivals.post import Post
from tricord.sandbox.box import Settings
from tricord.sandbox.control import control_routes
from tricord.sandbox.outbox import Outbox
from tricord.sandbox.pagerduty.incidents import Incidents, problems_of

TROUBLES = {"throttled": 429, "internal": 500, "unavailable": 503}


class PagerDutyBox:
    """One service with one integration."""

    name = "pagerduty"
    title = "PagerDuty"

    def __init__(self, settings: Settings) -> None:
        self._dice = settings.dice
        self.outbox = Outbox()
        self.post = Post(settings.clock)
        self.routing_key = f"{self._dice.getrandbits(128):032x}"
        self.incidents = Incidents(settings.clock)
        self._changes: list[dict[str, Any]] = []
        self.app = Starlette(
            routes=[
                *control_routes(self.outbox, self.state),
                *Pages(self.name, "PagerDuty · Tricord", self.post, TROUBLES).routes(),
                Route("/v2/enqueue", self._enqueue, methods=["POST"]),
                Route("/v2/change/enqueue", self._change, methods=["POST"]),
            ]
        )

    @property
    def credentials(self) -> dict[str, str]:
        return {"routing_key": self.routing_key}

    def state(self) -> dict[str, Any]:
        return {
            "incidents": self.incidents.shown(),
            "events": [one.shown() for one in self.post.arrived],
            "changes": list(self._changes),
            "refused": list(self.post.refused),
        }

    async def start(self, host: str, port: int) -> None:
        """Nothing but HTTP here."""

    async def stop(self) -> None:
        """Nothing was opened."""

    async def _enqueue(self, request: Request) -> Response:
        event = await self._taken(request)
        if isinstance(event, Response):
            return event
        problems = [*self._key_problems(event), *problems_of(event)]
        if problems:
            return self._invalid(problems)
        key = event.get("dedup_key") or f"{self._dice.getrandbits(128):032x}"
        self.incidents.take(key, event)
        action, payload = event["event_action"], event.get("payload") or {}
        self.post.keep(payload.get("summary", key), (f"{action} {key}",), event, mark=action)
        return _accepted({"dedup_key": key})

    async def _change(self, request: Request) -> Response:
        event = await self._taken(request)
        if isinstance(event, Response):
            return event
        problems = self._key_problems(event)
        if not (event.get("payload") or {}).get("summary"):
            problems.append("'payload.summary' is missing or blank")
        if problems:
            return self._invalid(problems)
        self._changes.append(event)
        return _accepted({})

    async def _taken(self, request: Request) -> dict[str, Any] | Response:
        trouble = self.post.due_trouble()
        if trouble:
            self.post.refuse(TROUBLES[trouble], trouble)
            return PlainTextResponse("", status_code=TROUBLES[trouble])
        try:
            event = json.loads(await request.body())
        except ValueError:
            event = None
        return event if isinstance(event, dict) else self._invalid(["Request body must be JSON"])

    def _key_problems(self, event: dict[str, Any]) -> list[str]:
        key = event.get("routing_key")
        if not isinstance(key, str) or not key:
            return ["'routing_key' is missing or blank"]
        if len(key) != 32:
            return ["Length of 'routing_key' is incorrect (should be 32 characters)"]
        return [] if key == self.routing_key else ["Invalid routing key"]

    def _invalid(self, problems: list[str]) -> Response:
        self.post.refuse(400, problems[0])
        body = {
            "status": "invalid event",
            "message": "Event object is invalid",
            "errors": problems,
        }
        return JSONResponse(body, status_code=400)


def _accepted(more: dict[str, str]) -> Response:
    body = {"status": "success", "message": "Event processed", **more}
    return JSONResponse(body, status_code=202)
