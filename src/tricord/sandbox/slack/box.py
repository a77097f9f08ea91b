"""Slack as one box: an incoming webhook that answers in plain text, as docs.slack.dev has it."""

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tricord.sandbox.arrivals.pages import Pages, state_of
from tricord.sandbox.arrivals.post import Post
from tricord.sandbox.box import Settings
from tricord.sandbox.control import control_routes
from tricord.sandbox.outbox import Outbox
from tricord.sandbox.slack.payload import Invalid, checked, texts_of

# Each code with the status that Slack's page on webhook errors gives it.
CODES = {
    "invalid_payload": 400, "no_text": 400, "invalid_blocks": 400, "too_many_attachments": 400,
    "invalid_token": 403, "action_prohibited": 403, "posting_to_general_channel_denied": 403,
    "team_disabled": 403, "user_not_found": 404, "channel_not_found": 404, "no_service": 404,
    "no_service_id": 404, "no_active_hooks": 404, "no_team": 404, "channel_is_archived": 410,
    "rate_limited": 429, "rollup_error": 500,
}  # fmt: skip
_RETRY_AFTER = "1"


class SlackBox:
    """One workspace with one app, whose webhook posts into one channel."""

    name = "slack"
    title = "Slack"

    def __init__(self, settings: Settings) -> None:
        draw = settings.dice
        self.outbox = Outbox()
        self.post = Post(settings.clock)
        self._team = f"T{draw.getrandbits(40):011X}"
        self._hook = f"B{draw.getrandbits(40):011X}"
        self._token = f"{draw.getrandbits(96):024x}"
        self.app = Starlette(
            routes=[
                *control_routes(self.outbox, self.state),
                *Pages(self.name, "Slack · #alerts", self.post, CODES).routes(),
                Route("/services/{team}/{hook}/{token}", self._take, methods=["POST"]),
            ]
        )

    @property
    def credentials(self) -> dict[str, str]:
        path = f"{self._team}/{self._hook}/{self._token}"
        return {"webhook_url": f"https://hooks.slack.com/services/{path}"}

    def state(self) -> dict[str, Any]:
        return state_of(self.post)

    async def start(self, host: str, port: int) -> None:
        """Nothing but HTTP here."""

    async def stop(self) -> None:
        """Nothing was opened."""

    async def _take(self, request: Request) -> Response:
        given = request.path_params
        code = self._address_problem(given["team"], given["hook"], given["token"])
        code = code or self.post.due_trouble()
        if code:
            return self._refused(code)
        try:
            message = checked(await _payload(request))
        except Invalid as error:
            return self._refused(error.code)
        title, lines = texts_of(message)
        self.post.keep(title, lines, message)
        return PlainTextResponse("ok")

    def _address_problem(self, team: str, hook: str, token: str) -> str:
        if team != self._team:
            return "no_team"
        if hook != self._hook:
            return "no_service"
        return "" if token == self._token else "invalid_token"

    def _refused(self, code: str) -> Response:
        status = CODES[code]
        self.post.refuse(status, code)
        headers = {"Retry-After": _RETRY_AFTER} if status == 429 else {}
        return PlainTextResponse(code, status_code=status, headers=headers)


async def _payload(request: Request) -> Any:
    """JSON as the body, or in the form field `payload`; both are taken."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    try:
        if kind == "application/x-www-form-urlencoded":
            form = await request.form()
            return json.loads(str(form.get("payload", "")))
        return json.loads(body)
    except ValueError:
        raise Invalid("invalid_payload") from None
