"""What a client does with their phone, and how it behaves: posts under /_sandbox/."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tricord.sandbox.twilio.line import calling, shapes, texting
from tricord.sandbox.twilio.line.account import Account
from tricord.sandbox.twilio.line.carrier import Phone
from tricord.sandbox.twilio.line.refusals import Refusal, bad
from tricord.sandbox.twilio.line.values import is_number

Fields = dict[str, Any]
_ANSWERS = ("completed", "busy", "no-answer", "failed")


class Desk:
    """JSON posts answer JSON; posts of a form go back to the phone they came from."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[Route]:
        rows: tuple[tuple[str, Callable[[Fields], Fields]], ...] = (
            ("/_sandbox/texts", self._text),
            ("/_sandbox/calls", self._call),
            ("/_sandbox/phones", self._phone),
        )
        return [Route(path, self._posted(act), methods=["POST"]) for path, act in rows]

    def _text(self, fields: Fields) -> Fields:
        """`from`, `body`, `to` (our first number) and `pictures`: a client sends a message."""
        message = texting.receive(
            self._account,
            str(fields.get("from", "")),
            self._ours(fields),
            str(fields.get("body", "")),
            int(fields.get("pictures", 0)),
        )
        return shapes.message(self._account, message)

    def _call(self, fields: Fields) -> Fields:
        """`from`, `to`, `outcome` and `seconds`: a client has called."""
        sender = str(fields.get("from", ""))
        outcome = str(fields.get("outcome", "answered"))
        seconds = int(fields.get("seconds", 30))
        call = calling.ring(self._account, sender, self._ours(fields), outcome, seconds)
        return shapes.call(self._account, call)

    def _phone(self, fields: Fields) -> Fields:
        """`number`, then `error_code`, `landline`, `answers`: how a client's phone behaves."""
        number = str(fields.get("number", ""))
        if not is_number(number):
            raise bad(21211, f"{number} is not a phone number.")
        answers = str(fields.get("answers", "completed"))
        if answers not in _ANSWERS:
            raise bad(20001, f"answers is one of: {', '.join(_ANSWERS)}")
        phone = Phone(
            error_code=int(fields.get("error_code", 0)),
            landline=str(fields.get("landline", "")).lower() in ("true", "1", "on"),
            answers=answers,
        )
        self._account.carrier.phones[number] = phone
        return {"number": number, "error_code": phone.error_code, "answers": phone.answers}

    def _ours(self, fields: Fields) -> str:
        first = next((one.phone_number for one in self._account.numbers.values()), "")
        return str(fields.get("to") or first)

    def _posted(self, act: Callable[[Fields], Fields]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            form = request.headers.get("content-type", "").startswith(
                "application/x-www-form-urlencoded"
            )
            if form:
                sent: Fields = {name: str(value) for name, value in (await request.form()).items()}
            else:
                sent = await request.json()
            self._account.pass_time()
            client = str(sent.get("from") or sent.get("number") or "").strip()
            try:
                done = act({**sent, "from": client})
            except Refusal as refusal:
                if form:
                    return _to(client, problem=refusal.message)
                return JSONResponse(refusal.body(), status_code=refusal.status)
            except ValueError as error:
                return JSONResponse({"error": str(error)}, status_code=400)
            return _to(client) if form else JSONResponse(done)

        return answer


def _to(client: str, **query: str) -> Response:
    page = f"/phones/{quote(client, safe='')}" if is_number(client) else "/"
    return RedirectResponse(f"{page}?{urlencode(query)}" if query else page, status_code=303)
