"""The console's routes: who may ask, what is read, and the page that answers."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from tricord.console import pages, wording
from tricord.console.desk import Desk
from tricord.console.files import File, answer, read_files
from tricord.console.guard import PAGE_HEADERS, host_is_ours
from tricord.console.pages import Asked, Page
from tricord.core.ids import Instant
from tricord.core.policy.types import Policy

log = structlog.get_logger("tricord.console")

_PAGES: tuple[tuple[str, str, Page], ...] = (
    ("/", "today", pages.today),
    ("/accounts", "accounts", pages.accounts),
    ("/accounts/{name}", "account", pages.account),
    ("/invoices", "invoices", pages.invoices),
    ("/cases", "cases", pages.cases),
    ("/identity", "identity", pages.identity),
    ("/commands", "commands", pages.commands),
    ("/commands/{name}", "command", pages.command),
)

Answer = Callable[[Request], Awaitable[Response]]


def console_routes(desk: Desk) -> list[BaseRoute]:
    """Every page, and last a route for whatever address nobody else knows: put these last."""
    files = read_files()
    press = _press(files)
    routes: list[BaseRoute] = [
        Route(path, _page(desk, press, name, page), methods=["GET"]) for path, name, page in _PAGES
    ]
    routes.append(Route("/static/{name}", _file(desk, press, files), methods=["GET"]))
    routes.append(Route("/{anything:path}", _lost(desk, press), methods=["GET"]))
    return routes


def _page(desk: Desk, press: Environment, name: str, page: Page) -> Answer:
    async def show(request: Request) -> Response:
        if not _ours(desk, request):
            return _refusal(desk, press, 421)
        policy, now = desk.policy(), desk.now()
        if policy is None:
            return _printed(press, "unconfigured", 200, _around(None, now))
        asked = Asked(
            name=request.path_params.get("name", ""), query=request.query_params, policy=policy
        )
        try:
            content = await desk.read(lambda tx: page(tx, asked))
            if content is None:
                return _refusal(desk, press, 404)
            return _printed(press, name, 200, {**_around(policy, now), **content})
        except Exception as error:
            # The edge: a person sees that it failed, and no record's content reaches a log.
            log.error("console.failed", page=name, error=type(error).__name__)
            return _refusal(desk, press, 500)

    return show


def _file(desk: Desk, press: Environment, files: Mapping[str, File]) -> Answer:
    async def show(request: Request) -> Response:
        if not _ours(desk, request):
            return _refusal(desk, press, 421)
        return answer(request, files) or _refusal(desk, press, 404)

    return show


def _lost(desk: Desk, press: Environment) -> Answer:
    async def show(request: Request) -> Response:
        return _refusal(desk, press, 404 if _ours(desk, request) else 421)

    return show


def _ours(desk: Desk, request: Request) -> bool:
    named = request.headers.getlist("host")
    return len(named) == 1 and host_is_ours(named[0], desk.allowed_hosts)


def _refusal(desk: Desk, press: Environment, status: int) -> Response:
    """A page that says what is wrong, and nothing of the firm to a name that is not ours."""
    policy = None if status == 421 else desk.policy()
    return _printed(press, "refusal", status, {**_around(policy, desk.now()), "status": status})


def _around(policy: Policy | None, now: Instant) -> dict[str, object]:
    """What every page is given."""
    return {
        "firm": policy.firm.name if policy else "",
        "policy": policy,
        "zone": policy.firm.zone if policy else UTC,
        "now": now,
        "search": "",
    }


def _printed(
    press: Environment, name: str, status: int, content: Mapping[str, object]
) -> HTMLResponse:
    text = press.get_template(f"{name}.html").render(here=name, **content)
    return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)


def _press(files: Mapping[str, File]) -> Environment:
    press = Environment(
        loader=PackageLoader("tricord.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (
        wording.money,
        wording.words,
        wording.tone,
        wording.role,
        wording.moment,
        wording.fact,
        wording.clock,
        wording.day,
        wording.long_day,
        wording.ago,
    ):
        press.filters[filter_.__name__] = filter_
    press.globals["file"] = lambda name: f"/static/{name}?v={files[name].digest}"
    return press
