"""What a person sees of the mail that came in."""

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tricord.sandbox.smtp.messages import Mailbox
from tricord.sandbox.smtp.server import PostOffice


class Pages:
    def __init__(self, office: PostOffice, inbox: Mailbox) -> None:
        self._office = office
        self._inbox = inbox
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters["when"] = _when

    def routes(self) -> list[Route]:
        return [
            Route("/", self._list),
            Route("/inbox", self._arrived),
            Route("/mails/{id}", self._mail),
        ]

    async def _list(self, _: Request) -> Response:
        newest_first = [mail.shown for mail in reversed(self._office.mailbox.mails)]
        duplicates = self._office.mailbox.duplicates()
        return self._page("list.html", mails=newest_first, duplicates=duplicates)

    async def _arrived(self, _: Request) -> Response:
        newest_first = [mail.shown for mail in reversed(self._inbox.mails)]
        return self._page("inbox.html", mails=newest_first)

    async def _mail(self, request: Request) -> Response:
        outgoing = self._office.mailbox.find(request.path_params["id"])
        mail = outgoing or self._inbox.find(request.path_params["id"])
        if mail is None:
            return HTMLResponse("This mail does not exist.", status_code=404)
        answerable = outgoing is not None
        return self._page("mail.html", mail=mail.shown, headers=mail.headers, answerable=answerable)

    def _page(self, name: str, **known: Any) -> Response:
        return HTMLResponse(self._pages.get_template(name).render(**known))


def _when(text: str) -> str:
    return f"{datetime.fromisoformat(text):%-d %b %Y, %H:%M:%S}"
