"""Takes the version out of a path, so that every endpoint exists once."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

DATED = ("2025-09", "2026-03", "2026-09", "2026-09-beta")
_DATE = "|".join(re.escape(one) for one in DATED)

# Where the version stands differs per area; what no row knows is not found.
_SHAPES = tuple(
    re.compile(pattern)
    for pattern in (
        r"/crm/(?P<version>v3)/(?P<rest>(?:objects|properties|pipelines|owners|associations)\b.*)",
        r"/crm/(?P<version>v4)/(?P<rest>(?:objects/[^/]+/[^/]+/associations|associations)/.*)",
        rf"/crm/(?P<area>objects|properties|pipelines|owners|associations)/(?P<version>{_DATE})"
        r"(?P<rest>(?:/.*)?)",
        rf"/(?P<area>oauth|webhooks)/(?P<version>v1|v3|{_DATE})(?P<rest>/.*)",
    )
)


def canonical(path: str) -> tuple[str, str] | None:
    """(version, path without it), or None when no version of the interface has this path."""
    for shape in _SHAPES:
        found = shape.fullmatch(path)
        if found is None:
            continue
        parts = found.groupdict()
        area, rest = parts.get("area"), parts["rest"].rstrip("/")
        if area is None:
            return parts["version"], f"/crm/{rest}"
        prefix = f"/{area}" if area in ("oauth", "webhooks") else f"/crm/{area}"
        return parts["version"], prefix + rest
    return None


class AnyVersion:
    """Middleware: `scope["state"]["version"]` says what was taken out; it is empty elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            found = canonical(scope["path"])
            path = found[1] if found else scope["path"]
            # A path without its version must not be reachable as such.
            if found is None and path.startswith(("/crm/", "/webhooks/")):
                path = "/no-such-version"
            state = dict(scope.get("state") or {}) | {"version": found[0] if found else ""}
            scope = dict(scope) | {
                "path": path,
                "state": state | {"asked_path": scope["path"]},
                "raw_path": path.encode(),
            }
        await self._app(scope, receive, send)
