"""Teams as one box: a flow that is started by a request and then posts, or fails to, later.

The answer to the request says only that the flow was started, as with the real one.
"""

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tricord.sandbox.arrivals.pages import Pages, state_of
from tricord.sandbox.arrivals.post import Post
from tricord.sandbox.box import Settings
from tricord.sandbox.control import control_routes
from tricord.sandbox.outbox import Outbox
from tricord.sandbox.teams.card import Unpostable, texts_of

CODES = {
    "DirectApiAuthorizationRequired": 401, "WorkflowNotFound": 404,
    "WorkflowTriggerIsNotEnabled": 400, "TooManyRequests": 429, "ServerTimeout": 504,
}  # fmt: skip
_LARGEST_POST = 28 * 1024
_PATH = "/workflows/{flow}/triggers/manual/paths/invoke"


class TeamsBox:
    """One flow with its address, and the channel it posts into."""

    name = "teams"
    title = "Microsoft Teams"

    def __init__(self, settings: Settings) -> None:
        draw = settings.dice
        self.outbox = Outbox()
        self.post = Post(settings.clock)
        self._flow = f"{draw.getrandbits(128):032x}"
        self._signature = f"{draw.getrandbits(128):032x}"
        self._runs: list[dict[str, Any]] = []
        self.app = Starlette(
            routes=[
                *control_routes(self.outbox, self.state),
                *Pages(self.name, "Teams · Alerts", self.post, CODES).routes(),
                Route(_PATH, self._start, methods=["GET", "POST"]),
            ]
        )

    @property
    def credentials(self) -> dict[str, str]:
        host = "prod-07.westeurope.logic.azure.com:443"
        query = f"api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={self._signature}"
        return {"webhook_url": f"https://{host}{_PATH.format(flow=self._flow)}?{query}"}

    def state(self) -> dict[str, Any]:
        return state_of(self.post) | {"runs": list(self._runs)}

    async def start(self, host: str, port: int) -> None:
        """Nothing but HTTP here."""

    async def stop(self) -> None:
        """Nothing was opened."""

    async def _start(self, request: Request) -> Response:
        query = request.query_params
        if request.path_params["flow"] != self._flow:
            return self._refused("WorkflowNotFound", 404)
        if query.get("sig") != self._signature or query.get("sp") != "/triggers/manual/run":
            return self._refused("DirectApiAuthorizationRequired", 401)
        trouble = self.post.due_trouble()
        if trouble:
            return self._refused(trouble, CODES[trouble])
        if request.method != "POST":
            return self._refused("NoMatchingTrigger", 404)
        self._run(await request.body())
        return Response(status_code=202)

    def _run(self, body: bytes) -> None:
        """What the flow does after the answer: it posts each card, or the run fails unseen."""
        try:
            message = json.loads(body)
            if len(body) > _LARGEST_POST:
                raise Unpostable("the message is too large")
            title, lines = texts_of(message)
        except (ValueError, Unpostable) as error:
            self._runs.append({"status": "Failed", "why": str(error)})
            return
        self._runs.append({"status": "Succeeded", "why": ""})
        self.post.keep(title, lines, message)

    def _refused(self, code: str, status: int) -> Response:
        self.post.refuse(status, code)
        headers = {"Retry-After": "1"} if status == 429 else {}
        body = {"error": {"code": code, "message": f"The request was refused: {code}."}}
        return JSONResponse(body, status_code=status, headers=headers)
