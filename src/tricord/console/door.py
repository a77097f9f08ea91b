"""The door: a one-time link becomes a session, and every page asks for that session."""

import base64
import hmac
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tricord.console.desk import Desk
from tricord.console.guard import host_is_loopback, host_of
from tricord.store import sessions

_PLAIN, _SECURE = "tricord_session", "__Host-tricord_session"
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks. `token` stands in each form, and nothing but a page for this session knows it."""

    person: str
    token: str

    @property
    def actor(self) -> str:
        return f"person:{self.person}"


async def visitor(desk: Desk, request: Request) -> Visitor | None:
    """Who holds the session that the request carries; None without one, or when it is over."""
    secret = _secret(desk, request)
    if not secret:
        return None
    found = await desk.read(lambda tx: sessions.of(tx, secret, desk.wall()))
    if found is None:
        return None
    if desk.wall() - found.seen_at > sessions.NOTED_EVERY:
        await desk.write(lambda tx: sessions.touch(tx, secret, desk.wall()))
    return Visitor(person=found.person, token=form_token(secret))


async def admit(desk: Desk, request: Request, response: Response) -> bool:
    """Take the ticket in the request, and let the browser that brought it in. False if it is bad.

    What only looks ahead, a browser's prefetch or a HEAD, takes no ticket.
    """
    ticket = request.query_params.get("ticket", "")
    ahead = request.method == "HEAD" or "prefetch" in request.headers.get("sec-purpose", "")
    if ahead or not ticket or len(ticket) > _LONGEST:
        return False
    secret = await desk.write(lambda tx: sessions.enter(tx, ticket, desk.wall()))
    if secret is None:
        return False
    secure = _is_secure(desk, request)
    response.set_cookie(
        _SECURE if secure else _PLAIN,
        secret,
        max_age=int(sessions.LASTS.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    return True


async def show_out(desk: Desk, request: Request, response: Response) -> None:
    """End the session, here and in the browser."""
    secret = _secret(desk, request)
    if secret:
        await desk.write(lambda tx: sessions.leave(tx, secret))
    secure = _is_secure(desk, request)
    name = _SECURE if secure else _PLAIN
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="strict")


def form_token(secret: str) -> str:
    """What proves that a form was made for this session. The session does not follow from it."""
    digest = hmac.digest(secret.encode(), b"tricord form", "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def token_fits(visitor: Visitor, given: str) -> bool:
    return hmac.compare_digest(visitor.token.encode(), given.encode())


def _secret(desk: Desk, request: Request) -> str:
    name = _SECURE if _is_secure(desk, request) else _PLAIN
    return request.cookies.get(name, "")[:_LONGEST]


def _is_secure(desk: Desk, request: Request) -> bool:
    """A name the firm has given is reached by https where it says so; loopback never is."""
    return desk.https and not host_is_loopback(host_of(request))
