"""The control endpoint every box has under /_sandbox/: state, webhooks, and how they go out."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

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
