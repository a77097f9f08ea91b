"""What a test or a person does as the other end of the mail: answers, bounces, absences."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tricord.sandbox.smtp.messages import Mail, Mailbox
from tricord.sandbox.smtp.people import UNKNOWN, Habit, People, Unanswerable

Deed = Callable[[Mail, dict[str, Any]], Mail | None]


class Controls:
    """Each deed twice: as JSON under `/_sandbox/`, and as a form that leads back to its page."""

    def __init__(self, people: People, outgoing: Mailbox) -> None:
        self._people = people
        self._outgoing = outgoing
        self._deeds: dict[str, Deed] = {
            "reply": people.reply,
            "forward": people.forward,
            "bounce": self._bounce,
            "away": self._away,
        }

    def routes(self) -> list[Route]:
        return [
            Route("/_sandbox/mails", self._write, methods=["POST"]),
            Route("/_sandbox/mails/{id}/{deed}", self._do, methods=["POST"]),
            Route("/_sandbox/addresses", self._address, methods=["POST"]),
            Route("/_sandbox/mailbox", self._mailbox, methods=["POST"]),
            Route("/write", self._write_form, methods=["POST"]),
            Route("/mails/{id}/{deed}", self._form, methods=["POST"]),
        ]

    def state(self) -> dict[str, Any]:
        firm = self._people.firm
        return {
            "inbox": [mail.shown for mail in self._people.inbox.mails],
            "folders": {name: len(folder.mails) for name, folder in firm.folders.items()},
            "unseen": firm.inbox.unseen,
            "addresses": {
                address: {"bounces": habit.bounces, "away": habit.away}
                for address, habit in sorted(self._people.habits.items())
            },
        }

    async def _write(self, request: Request) -> Response:
        try:
            return _shown(self._people.write(await request.json()))
        except (Unanswerable, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    async def _do(self, request: Request) -> Response:
        try:
            made = self._done(request, await request.json())
        except (Unanswerable, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        except LookupError:
            return JSONResponse({"error": "there is no such mail or deed"}, status_code=404)
        return _shown(made)

    def _done(self, request: Request, fields: dict[str, Any]) -> Mail | None:
        mail = self._outgoing.find(request.path_params["id"])
        deed = self._deeds.get(request.path_params["deed"])
        if mail is None or deed is None:
            raise LookupError
        return deed(mail, fields)

    def _bounce(self, mail: Mail, fields: dict[str, Any]) -> Mail | None:
        return self._people.bounce(
            mail,
            code=str(fields.get("code") or UNKNOWN),
            action=str(fields.get("action") or "failed"),
            words=str(fields.get("words") or "User unknown"),
        )

    def _away(self, mail: Mail, fields: dict[str, Any]) -> Mail | None:
        recipient = next(iter(mail.shown["rcpt_to"]), "client@client.example")
        return self._people.away(mail, recipient, str(fields.get("text") or "I am away."))

    async def _address(self, request: Request) -> Response:
        """From now on, what this address does with each mail. Empty texts end it."""
        wanted = await request.json()
        unknown = set(wanted) - {"address", "bounces", "away"}
        address = str(wanted.get("address") or "").lower()
        if unknown or not address:
            words = f"unknown settings: {sorted(unknown)}" if unknown else "address is missing"
            return JSONResponse({"error": words}, status_code=400)
        habit = Habit(bounces=str(wanted.get("bounces") or ""), away=str(wanted.get("away") or ""))
        self._people.habits[address] = habit
        return JSONResponse({"address": address, "bounces": habit.bounces, "away": habit.away})

    async def _mailbox(self, request: Request) -> Response:
        """`renumber` numbers the inbox anew; `keep_sent` says whether what leaves is filed."""
        wanted = await request.json()
        unknown = set(wanted) - {"renumber", "keep_sent"}
        if unknown:
            return JSONResponse({"error": f"unknown settings: {sorted(unknown)}"}, status_code=400)
        if wanted.get("renumber"):
            self._people.firm.inbox.renumber()
        self._people.keep_sent = bool(wanted.get("keep_sent", self._people.keep_sent))
        validity = self._people.firm.inbox.validity
        return JSONResponse({"validity": validity, "keep_sent": self._people.keep_sent})

    async def _write_form(self, request: Request) -> Response:
        async with request.form() as form:
            fields = {name: str(value) for name, value in form.items()}
        try:
            self._people.write(fields)
        except (Unanswerable, ValueError) as error:
            return Response(str(error), status_code=400)
        return RedirectResponse("/inbox", status_code=303)

    async def _form(self, request: Request) -> Response:
        async with request.form() as form:
            fields = {name: str(value) for name, value in form.items()}
        try:
            self._done(request, fields)
        except (Unanswerable, ValueError) as error:
            return Response(str(error), status_code=400)
        except LookupError:
            return Response("This mail does not exist.", status_code=404)
        return RedirectResponse("/inbox", status_code=303)


def _shown(mail: Mail | None) -> Response:
    if mail is None:
        return JSONResponse({"id": None, "message_id": None})
    return JSONResponse({"id": mail.id, "message_id": mail.message_id})
