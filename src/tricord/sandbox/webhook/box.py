"""A receiver as one box: it verifies by the Standard Webhooks specification, and knows copies."""

import base64
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
from tricord.sandbox.webhook.verifying import Forged, verify

TROUBLES = {
    "gone": 410, "moved": 302, "busy": 429, "broken": 500, "bad_gateway": 502,
    "broken_after": 500,
}  # fmt: skip
PATH = "/alerts"


class WebhookBox:
    """One endpoint with one secret. A message whose id is known is answered and not taken again."""

    name = "webhook"
    title = "Webhook receiver"

    def __init__(self, settings: Settings) -> None:
        self.outbox = Outbox()
        self.post = Post(settings.clock)
        self._clock = settings.clock
        raw = settings.dice.getrandbits(256).to_bytes(32, "big")
        self.secret = f"whsec_{base64.b64encode(raw).decode()}"
        self._known: dict[str, int] = {}
        self.app = Starlette(
            routes=[
                *control_routes(self.outbox, self.state),
                *Pages(self.name, self.title, self.post, TROUBLES).routes(),
                Route(PATH, self._take, methods=["POST"]),
            ]
        )

    @property
    def credentials(self) -> dict[str, str]:
        return {"url": f"https://receiver.example{PATH}", "secret": self.secret}

    def state(self) -> dict[str, Any]:
        return state_of(self.post) | {"copies": {k: n for k, n in self._known.items() if n > 1}}

    async def start(self, host: str, port: int) -> None:
        """Nothing but HTTP here."""

    async def stop(self) -> None:
        """Nothing was opened."""

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        trouble = self.post.due_trouble()
        if trouble and trouble != "broken_after":
            return self._refused(TROUBLES[trouble], trouble)
        try:
            message_id = verify(self.secret, request.headers, body, self._clock())
        except Forged as error:
            return self._refused(401, str(error))
        copies = self._known.get(message_id, 0)
        self._known[message_id] = copies + 1
        if not copies:
            event = json.loads(body)
            data = event.get("data") or {}
            lines = tuple(str(line) for line in data.get("lines") or ())
            self.post.keep(str(data.get("title", event.get("type"))), lines, event, event["type"])
        if trouble:
            # It has been taken, and the sender does not hear of it.
            return self._refused(TROUBLES[trouble], trouble)
        return Response(status_code=204)

    def _refused(self, status: int, code: str) -> Response:
        self.post.refuse(status, code)
        headers = {"Retry-After": "1"} if status == 429 else {}
        headers |= {"Location": "https://elsewhere.example/"} if status == 302 else {}
        return JSONResponse({"error": code}, status_code=status, headers=headers)
