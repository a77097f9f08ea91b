"""The page on which a person lets an app into the account, and the way back to the app."""

from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from jinja2 import Environment, FileSystemLoader
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tricord.sandbox.hubspot.api.tokens import Tokens

MOST_OPEN = 1000


class BadAsk(ValueError):
    """What is wrong with the address the app sent the person to; never sent back to the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What an app asks a person for."""

    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None


class ConsentPages:
    """`/oauth/authorize` is for people; `/_sandbox/oauth/authorize?auto=` answers for them."""

    def __init__(self, tokens: Tokens, portal_id: int) -> None:
        self._tokens = tokens
        self._portal_id = portal_id
        self._open: dict[str, Ask] = {}
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/authorize", self._ask, methods=["GET"]),
            Route("/oauth/authorize", self._decide, methods=["POST"]),
            Route("/_sandbox/oauth/authorize", self._decide_by_itself, methods=["GET"]),
            Route("/_sandbox/oauth", self._app, methods=["GET"]),
        ]

    async def _ask(self, request: Request) -> Response:
        try:
            ask = self._read(request.query_params)
        except BadAsk as error:
            return self._page(status=400, problem=str(error), ask=None, ticket="")
        ticket = token_urlsafe(24)
        self._open[ticket] = ask
        while len(self._open) > MOST_OPEN:
            del self._open[next(iter(self._open))]
        return self._page(status=200, problem=None, ask=ask, ticket=ticket)

    async def _decide(self, request: Request) -> Response:
        async with request.form() as form:
            ask = self._open.pop(str(form.get("ticket", "")), None)
            allowed = form.get("answer") == "allow"
        if ask is None:
            problem = "This page has been answered already. Start again in the app."
            return self._page(status=400, problem=problem, ask=None, ticket="")
        return self._back(ask, allowed=allowed)

    async def _decide_by_itself(self, request: Request) -> Response:
        answer = request.query_params.get("auto")
        if answer not in ("allow", "deny"):
            return JSONResponse({"error": "auto must be allow or deny"}, status_code=400)
        try:
            ask = self._read(request.query_params)
        except BadAsk as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return self._back(ask, allowed=answer == "allow")

    async def _app(self, request: Request) -> Response:
        """What a developer reads in the app's settings; secrets of this box alone."""
        base = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "client_id": self._tokens.client_id,
                "client_secret": self._tokens.client_secret,
                "redirect_uris": self._tokens.redirect_uris,
                "authorize_url": f"{base}/oauth/authorize",
                "token_url": f"{base}/oauth/v3/token",
                "refresh_token": self._tokens.refresh_token,
            }
        )

    def _read(self, query: QueryParams) -> Ask:
        if query.get("client_id") != self._tokens.client_id:
            raise BadAsk("No app has this client_id.")
        redirect_uri = query.get("redirect_uri", "")
        registered = self._tokens.redirect_uris
        if not _is_web_address(redirect_uri) or (registered and redirect_uri not in registered):
            raise BadAsk("The redirect URL is none of the app's registered redirect URLs.")
        scopes = tuple(query.get("scope", "").split())
        if not scopes:
            raise BadAsk("The app asks for no scope; scope lists what it wants, with spaces.")
        optional = tuple(query.get("optional_scope", "").split())
        challenge = query.get("code_challenge")
        if challenge is not None and query.get("code_challenge_method") != "S256":
            raise BadAsk("code_challenge_method must be S256.")
        return Ask(
            redirect_uri=redirect_uri,
            scopes=tuple(dict.fromkeys((*scopes, *optional))),
            state=query.get("state"),
            challenge=challenge,
        )

    def _back(self, ask: Ask, *, allowed: bool) -> Response:
        if allowed:
            code = self._tokens.new_code(ask.redirect_uri, ask.scopes, ask.challenge)
            said = {"code": code}
        else:
            said = {"error": "access_denied", "error_description": "The user denied the request"}
        if ask.state is not None:
            said["state"] = ask.state
        return RedirectResponse(_with(ask.redirect_uri, said), status_code=302)

    def _page(self, *, status: int, problem: str | None, ask: Ask | None, ticket: str) -> Response:
        page = self._pages.get_template("consent.html")
        text = page.render(ask=ask, ticket=ticket, problem=problem, portal_id=self._portal_id)
        return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.fragment


def _with(address: str, more: dict[str, str]) -> str:
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *more.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))
