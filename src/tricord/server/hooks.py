"""POST /hooks/{connection}: checked over the raw bytes, stored, and only then acknowledged."""

from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName
from tricord.engine.clock import Clock
from tricord.engine.inbox import InboxFull
from tricord.sdk.connector import Acknowledgement
from tricord.sdk.errors import SignatureInvalid

LARGEST_BODY = 2 * 1024 * 1024
log = structlog.get_logger("tricord.hooks")

Ingest = Callable[[Delivery], Awaitable[Acknowledgement]]


def hook_route(ingest: Ingest, public_url: Callable[[], str], clock: Clock) -> Route:
    """The one webhook route. `public_url` is the address vendors were given, which they sign."""

    async def receive(request: Request) -> Response:
        received_at = clock.now()
        name = ConnectionName(request.path_params["connection"])
        try:
            body = await _whole(request)
        except ClientDisconnect:
            return JSONResponse({"error": "the connection ended early"}, status_code=400)
        if body is None:
            return JSONResponse({"error": "the body is too large"}, status_code=413)
        delivery = Delivery(
            connection=name,
            body=body,
            received_at=received_at,
            method=request.method,
            url=_signed_url(request, public_url()),
            headers={key.decode("latin-1"): v.decode("latin-1") for key, v in request.headers.raw},
        )
        return await _answer(ingest, delivery)

    return Route("/hooks/{connection}", receive, methods=["POST"])


async def _answer(ingest: Ingest, delivery: Delivery) -> Response:
    try:
        told = await ingest(delivery)
    except KeyError:
        return JSONResponse({"error": "there is no such hook"}, status_code=404)
    except SignatureInvalid as error:
        log.warning("hook.refused", connection=delivery.connection, reason=error.detail)
        return JSONResponse({"error": "the signature is not valid"}, status_code=401)
    except InboxFull:
        headers = {"Retry-After": "5"}
        return JSONResponse({"error": "busy, try again"}, status_code=503, headers=headers)
    except Exception as error:  # not stored, so it must not be acknowledged: the vendor repeats it
        log.error("hook.not_stored", connection=delivery.connection, error=type(error).__name__)
        headers = {"Retry-After": "30"}
        return JSONResponse({"error": "not stored"}, status_code=503, headers=headers)
    return Response(told.body, media_type=told.content_type)


async def _whole(request: Request) -> bytes | None:
    """The body, or None as soon as it is larger than we take."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _signed_url(request: Request, public_url: str) -> str:
    query = request.url.query
    return f"{public_url}{request.url.path}" + (f"?{query}" if query else "")
