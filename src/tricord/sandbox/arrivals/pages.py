"""The page that lists what arrived, and the one control: what to answer the next requests with."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tricord.sandbox.arrivals.post import Post

FOREVER = 1_000_000


class Pages:
    """`troubles` are the vendor's own codes that a test may ask for."""

    def __init__(self, name: str, title: str, post: Post, troubles: Collection[str]) -> None:
        self._name, self._title, self._post, self._troubles = name, title, post, troubles
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[Route]:
        path = f"/_sandbox/{self._name}"
        return [Route("/", self._list), Route(path, self._turn, methods=["POST"])]

    async def _list(self, _: Request) -> Response:
        newest_first = list(reversed(self._post.arrived))
        template = self._pages.get_template("list.html")
        text = template.render(title=self._title, arrived=newest_first, refused=self._post.refused)
        return HTMLResponse(text)

    async def _turn(self, request: Request) -> Response:
        """`{"trouble": CODE, "times": N}`; without `times` it lasts, and "" ends it."""
        wanted: dict[str, Any] = await request.json()
        trouble = str(wanted.get("trouble", ""))
        if set(wanted) - {"trouble", "times"} or (trouble and trouble not in self._troubles):
            known = sorted(self._troubles)
            return JSONResponse({"error": f"unknown; trouble is one of {known}"}, status_code=400)
        self._post.trouble = trouble
        self._post.times = int(wanted.get("times", FOREVER)) if trouble else 0
        return JSONResponse({"trouble": trouble, "times": self._post.times})


def state_of(post: Post) -> dict[str, Any]:
    return {"messages": [one.shown() for one in post.arrived], "refused": list(post.refused)}
