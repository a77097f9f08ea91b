"""Consent: a person lets Tricord into a vendor's account, in the browser, once.

The answer comes to a page on this machine that exists for that one moment. Its code is taken only
with the state that we made, so nobody can slip in a code of another account (RFC 6749, 10.12), and
is worth nothing without the verifier that never leaves this process (RFC 7636).
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tricord.app.connecting import connections_of
from tricord.app.home import Home
from tricord.app.web import listen, served
from tricord.core.grants import Grant
from tricord.engine.clock import SystemClock
from tricord.engine.connection import Connection
from tricord.engine.talking import hold
from tricord.engine.wire import NetworkSender
from tricord.sdk.errors import TricordError
from tricord.sdk.oauth import OAuth, buy, consent_address
from tricord.store import grants
from tricord.store.audit import record_act
from tricord.store.database import Tx

PATH = "/callback"
_DONE = "<!doctype html><title>Tricord</title><p>Tricord has what it needs. Close this page."
_NOT = "<!doctype html><title>Tricord</title><p>That did not work; see where you started it."


class ConsentFailed(Exception):
    """Consent was not given, or what came back cannot be used. Start again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    code: str = ""
    problem: str = ""


def connection_named(home: Home, name: str) -> tuple[Connection, OAuth]:
    """The connection to connect. Raises ConsentFailed in words that say what is missing."""
    found = {str(one.name): one for one in connections_of(home.load())}
    connection = found.get(name)
    if connection is None:
        known = ", ".join(sorted(found)) or "none"
        raise ConsentFailed(f"no connection is called {name!r}; there are: {known}")
    if connection.connector.oauth is None:
        title = connection.connector.title
        raise ConsentFailed(f"{title} is not entered through a browser: its key is in the policy")
    if connection.oauth is None:
        raise ConsentFailed(
            f"set client_id and client_secret of connection {name!r} in tricord.yaml first; "
            f"its app must allow the redirect address that this command names"
        )
    return connection, connection.oauth


async def connect(
    home: Home, name: str, port: int, tell: Callable[[str], None], wait_seconds: float
) -> Grant:
    """Open the one page, tell where consent is given, wait for it, and keep what it brings."""
    connection, oauth = connection_named(home, name)
    listener = listen("127.0.0.1", port)
    redirect = f"http://localhost:{listener.getsockname()[1]}{PATH}"
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    async def callback(request: Request) -> Response:
        given = request.query_params
        if not hmac.compare_digest(given.get("state", "").encode(), state.encode()):
            return HTMLResponse(_NOT, status_code=400)
        if not answered.done():
            problem = given.get("error", "") or ("" if given.get("code") else "no code came back")
            answered.set_result(Answer(code=given.get("code", ""), problem=problem[:80]))
        return HTMLResponse(_DONE if given.get("code") else _NOT)

    client = connection.client
    async with served(Starlette(routes=[Route(PATH, callback)]), listener):
        consent = connection.consent_url
        tell(consent_address(oauth, consent, client[0], redirect, state, verifier))
        try:
            async with asyncio.timeout(wait_seconds):
                answer = await answered
        except TimeoutError:
            raise ConsentFailed(f"nobody answered within {wait_seconds:.0f} seconds") from None
    if answer.problem:
        raise ConsentFailed(f"consent was not given: {answer.problem}")
    now = SystemClock().now()
    async with NetworkSender() as sender:
        talk = buy(oauth, client, answer.code, redirect, verifier, now)
        try:
            grant = await hold(talk, connection, sender)
        except TricordError as error:
            raise ConsentFailed(error.detail) from error
    _keep(home, connection, grant, now)
    return grant


def _keep(home: Home, connection: Connection, grant: Grant, now: datetime) -> None:
    def work(tx: Tx) -> None:
        grants.put(tx, connection.name, grant, None)
        record_act(tx, "access.granted", connection.name, actor="person")

    database = home.open_database()
    try:
        database.run(work, now)
    finally:
        database.close()
