"""The console's own files: style, script and mark, each named by the hash of its content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

from tricord.console.guard import FILE_HEADERS

_TYPES = {
    "tricord.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "keys.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
_FOR_A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    content: bytes
    media_type: str
    digest: str


def read_files() -> Mapping[str, File]:
    """Every file there is, by name: what is not listed here is not served."""
    folder = resources.files("tricord.console") / "static"
    found = {}
    for name, media_type in _TYPES.items():
        content = (folder / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:16]
        found[name] = File(content=content, media_type=media_type, digest=digest)
    return found


def answer(request: Request, files: Mapping[str, File]) -> Response | None:
    """The file, for a year when it is asked for by its hash; None for an unknown name."""
    file = files.get(request.path_params["name"])
    if file is None:
        return None
    tag = f'"{file.digest}"'
    named = request.query_params.get("v") == file.digest
    headers = {**FILE_HEADERS, "ETag": tag, "Cache-Control": _FOR_A_YEAR if named else "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
