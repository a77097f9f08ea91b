"""Health: /healthz says that the process lives, /readyz that it can store and that it works."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Readiness = Callable[[], Awaitable[dict[str, Any]]]


def health_routes(readiness: Readiness) -> list[Route]:
    """`readiness` returns facts with a key `ready`; what it raises counts as not ready."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(_: Request) -> Response:
        try:
            facts = await readiness()
        except Exception as error:  # whatever it is, this process must get no traffic now
            return JSONResponse({"ready": False, "error": type(error).__name__}, status_code=503)
        return JSONResponse(facts, status_code=200 if facts.get("ready") else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
