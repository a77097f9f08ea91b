"""The console's routes: who may ask, what is read or done, and the page that answers."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from tricord.console.acts import ACTS, Refused, Work, back, carry_out, form_of
from tricord.console.desk import Desk
from tricord.console.directory import Directory
from tricord.console.door import Visitor, admit, show_out, visitor
from tricord.console.files import answer, read_files
from tricord.console.guard import PAGE_HEADERS, host_is_ours, host_of
from tricord.console.live import Bell, written
from tricord.console.pages.accounts import account, accounts
from tricord.console.pages.asked import LONGEST_SEARCH, Asked, Content, Page
from tricord.console.pages.audit import audit
from tricord.console.pages.cases import case, cases
from tricord.console.pages.commands import command, commands
from tricord.console.pages.connections import connections
from tricord.console.pages.deliveries import deliveries, delivery
from tricord.console.pages.identity import identity
from tricord.console.pages.invoices import invoices
from tricord.console.pages.opened import open_conversation, open_delivery, shown
from tricord.console.pages.search import search
from tricord.console.pages.today import today
from tricord.console.press import THEMES, Press
from tricord.engine.replaying import preview_command, preview_delivery
from tricord.store.database import Tx
from tricord.store.marks import marks
from tricord.store.verdicts import CannotDecide, key_of

log = structlog.get_logger("tricord.console")

_PAGES: tuple[tuple[str, str, Page], ...] = (
    ("/", "today", today),
    ("/accounts", "accounts", accounts),
    ("/accounts/{name}", "account", account),
    ("/invoices", "invoices", invoices),
    ("/cases", "cases", cases),
    ("/cases/{name}", "case", case),
    ("/identity", "identity", identity),
    ("/connections", "connections", connections),
    ("/deliveries", "deliveries", deliveries),
    ("/deliveries/{name}", "delivery", delivery),
    ("/commands", "commands", commands),
    ("/commands/{name}", "command", command),
    ("/audit", "audit", audit),
)

Answer = Callable[[Request], Awaitable[Response]]
Inside = Callable[[Request, Visitor], Awaitable[Response]]
"""Answers a request of somebody who has entered."""


class Console:
    """The console of one process: its routes over one desk. `close` ends what listens."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._files = read_files()
        self._press = Press(desk, self._files)
        self._directory = Directory()
        self._reading: asyncio.Task[None] | None = None
        self.bell = Bell(desk)

    def close(self) -> None:
        self.bell.close()
        if self._reading is not None:
            self._reading.cancel()

    def routes(self) -> list[BaseRoute]:
        """Every page and act, and last a route for whatever nobody else knows: put these last."""
        pages = [Route(path, self._inside(self._page(name, page)), methods=["GET"])
                 for path, name, page in _PAGES]  # fmt: skip
        acts = [Route(path, self._inside(self._act(fallback, done, work)), methods=["POST"])
                for path, fallback, done, work in ACTS]  # fmt: skip
        return [
            *pages,
            *acts,
            Route("/deliveries/{name}/open", self._inside(self._open_delivery), methods=["POST"]),
            Route("/commands/{name}/open", self._inside(self._open_command), methods=["POST"]),
            Route("/deliveries/{name}/replay", self._inside(self._preview_delivery)),
            Route("/commands/{name}/replay", self._inside(self._preview_command)),
            Route("/search", self._inside(self._search)),
            Route("/live", self._inside(self._live)),
            Route("/theme", self._inside(self._theme), methods=["POST"]),
            Route("/leave", self._inside(self._leave), methods=["POST"]),
            Route("/enter", self._ours(self._enter)),
            Route("/static/{name}", self._ours(self._file)),
            Route("/{anything:path}", self._inside(self._lost)),
        ]

    # Who may ask

    def _ours(self, show: Answer) -> Answer:
        """Only under a name of ours; a failure is a page, and no record's content reaches a log."""

        async def asked(request: Request) -> Response:
            if not host_is_ours(host_of(request), self._desk.allowed_hosts):
                return self._press.refusal(request, 421)
            try:
                return await show(request)
            except Exception as error:  # the edge
                log.error("console.failed", page=request.url.path.split("/")[1] or "today",
                          error=type(error).__name__)  # fmt: skip
                return self._press.refusal(request, 500)

        return asked

    def _inside(self, show: Inside) -> Answer:
        async def asked(request: Request) -> Response:
            who = await visitor(self._desk, request)
            if who is None:
                return self._press.refusal(request, 401)
            if request.method == "POST":
                return await self._acting(show, request, who)
            return await show(request, who)

        return self._ours(asked)

    async def _acting(self, show: Inside, request: Request, who: Visitor) -> Response:
        try:
            return await show(request, who)
        except Refused as error:
            log.warning("console.act_refused", status=error.status)
            return self._press.refusal(request, error.status, who, error.why)
        except CannotDecide as error:
            return self._press.refusal(request, 409, who, str(error))

    # Pages

    def _page(self, name: str, page: Page) -> Inside:
        async def show(request: Request, who: Visitor) -> Response:
            content = await self._read(request, who, page)
            if content is None:
                return self._press.refusal(request, 404, who)
            if self._reading is None:
                self._reading = asyncio.create_task(self._read_names())
            name_now = name if self._desk.policy() else "unconfigured"
            return self._press.page(request, name_now, content, visitor=who)

        return show

    async def _read(self, request: Request, who: Visitor, page: Page) -> Content | None:
        policy = self._desk.policy()
        if policy is None:
            return {}
        asked = Asked(
            name=request.path_params.get("name", ""),
            query=request.query_params,
            policy=policy,
            visitor=who,
            titles={name: one.connector.title for name, one in self._desk.connections.items()},
        )

        def work(tx: Tx) -> Content | None:
            # Marks first: what changes while the page is read is then told of once more.
            seen = written(marks(tx))
            content = page(tx, asked)
            return None if content is None else {"marks": seen, **content}

        return await self._desk.read(work)

    async def _read_names(self) -> None:
        """Have the directory whole by the time somebody searches, a batch at a time."""
        while not self._directory.is_whole:
            try:
                await self._desk.read(self._directory.read_on)
            except Exception as error:  # each search reads on by itself
                log.warning("console.names_unread", error=type(error).__name__)
                return
            await asyncio.sleep(0.05)

    async def _lost(self, request: Request, who: Visitor) -> Response:
        return self._press.refusal(request, 404, who)

    async def _file(self, request: Request) -> Response:
        return answer(request, self._files) or self._press.refusal(request, 404)

    async def _search(self, request: Request, who: Visitor) -> Response:
        wanted = request.query_params.get("q", "").strip()[:LONGEST_SEARCH]
        found = await self._desk.read(lambda tx: search(tx, self._directory, wanted))
        whole = self._directory.is_whole
        if "application/json" in request.headers.get("accept", ""):
            rows = [
                {"kind": one.kind, "title": one.title, "detail": one.detail, "path": one.path}
                for one in found
            ]
            return JSONResponse({"found": rows, "whole": whole}, headers=PAGE_HEADERS)
        content = {"found": found, "search": wanted, "whole": whole}
        return self._press.page(request, "search", content, visitor=who)

    async def _live(self, request: Request, _: Visitor) -> Response:
        if self.bell.is_full:
            return Response("busy", status_code=503, headers={"Retry-After": "30"})
        since = request.headers.get("last-event-id") or request.query_params.get("since", "")
        headers = {**PAGE_HEADERS, "X-Accel-Buffering": "no"}
        stream = self.bell.listen(since[:LONGEST_SEARCH])
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    # Acts

    def _act(self, fallback: str, done: str, work: Work) -> Inside:
        async def do(request: Request, who: Visitor) -> Response:
            fields = await carry_out(self._desk, request, who, work)
            return back(fields, fallback, done)

        return do

    async def _open_delivery(self, request: Request, who: Visitor) -> Response:
        await form_of(request, who)
        name = request.path_params["name"]
        number = int(name) if name.isascii() and name.isdigit() and len(name) < 18 else 0
        found = await self._desk.write(lambda tx: open_delivery(tx, number, who.actor))
        content = await self._read(request, who, delivery)
        if found is None or content is None:
            return self._press.refusal(request, 404, who)
        connection = self._desk.connections.get(found.connection)
        opened = await asyncio.to_thread(shown, found, connection)
        return self._press.page(request, "delivery", {**content, "opened": opened}, visitor=who)

    async def _open_command(self, request: Request, who: Visitor) -> Response:
        await form_of(request, who)
        name = request.path_params["name"]
        said = await self._desk.write(lambda tx: open_conversation(tx, name, who.actor))
        content = await self._read(request, who, command)
        if said is None or content is None:
            return self._press.refusal(request, 404, who)
        return self._press.page(request, "command", {**content, "said": said}, visitor=who)

    async def _preview_delivery(self, request: Request, who: Visitor) -> Response:
        name, policy = request.path_params["name"], self._desk.policy()
        if policy is None or not (name.isascii() and name.isdigit() and len(name) < 18):
            return self._press.refusal(request, 404, who)
        ways, number = self._desk.connections, int(name)
        found = await self._desk.rehearse(lambda tx: preview_delivery(tx, policy, ways, number))
        content = {"preview": found, "act": f"/deliveries/{number}/replay",
                   "origin": f"/deliveries/{number}", "title": f"Delivery {number}"}  # fmt: skip
        return self._press.page(request, "replay", content, visitor=who)

    async def _preview_command(self, request: Request, who: Visitor) -> Response:
        name = request.path_params["name"]
        try:
            found = await self._desk.read(lambda tx: preview_command(tx, key_of(tx, name)))
        except CannotDecide:
            return self._press.refusal(request, 404, who)
        content = {"preview": found, "act": f"/commands/{name}/replay",
                   "origin": f"/commands/{name}", "title": f"Command {name}"}  # fmt: skip
        return self._press.page(request, "replay", content, visitor=who)

    async def _theme(self, request: Request, who: Visitor) -> Response:
        fields = await form_of(request, who)
        response = back(fields, "/")
        chosen = fields.get("theme", "")
        if chosen in THEMES:
            response.set_cookie("tricord_theme", chosen, max_age=31_536_000, samesite="strict")
        else:
            response.delete_cookie("tricord_theme", samesite="strict")
        return response

    # The door

    async def _enter(self, request: Request) -> Response:
        response = RedirectResponse("/", status_code=303, headers=PAGE_HEADERS)
        if await admit(self._desk, request, response):
            return response
        return self._press.refusal(request, 401, why="ticket")

    async def _leave(self, request: Request, who: Visitor) -> Response:
        await form_of(request, who)
        response = self._press.refusal(request, 401, why="left")
        response.status_code = 200
        await show_out(self._desk, request, response)
        return response
