"""The pages: the clients who have a phone, and one phone with its messages and calls."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tricord.sandbox.twilio.line.account import Account
from tricord.sandbox.twilio.line.records import Call, Message
from tricord.sandbox.twilio.line.values import formatted, is_number

_CALL_WORDS = {
    "completed": "Call",
    "no-answer": "Missed call",
    "busy": "Busy",
    "failed": "Call failed",
    "canceled": "Call given up",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing on a phone. `mine` is what the client did, who holds the phone."""

    at: datetime
    mine: bool
    kind: str
    text: str
    note: str = ""


class Views:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters |= {"when": _when, "number": formatted}

    def routes(self) -> list[Route]:
        return [Route("/", self._list), Route("/phones/{number}", self._phone)]

    async def _list(self, request: Request) -> Response:
        self._account.pass_time()
        threads = {number: self._thread(number) for number in self._clients()}
        latest = sorted(threads.items(), key=lambda pair: pair[1][-1].at, reverse=True)
        return self._page("list.html", request, threads=latest)

    async def _phone(self, request: Request) -> Response:
        number = request.path_params["number"]
        if not is_number(number):
            return HTMLResponse("This is not a phone number.", status_code=404)
        self._account.pass_time()
        ours = {one.phone_number for one in self._account.numbers.values()}
        return self._page(
            "phone.html",
            request,
            client=number,
            thread=self._thread(number),
            opted_out=any((one, number) in self._account.carrier.opted_out for one in ours),
        )

    def _clients(self) -> list[str]:
        ours = {one.phone_number for one in self._account.numbers.values()}
        ends = [(one.sender, one.to) for one in self._account.messages.values()]
        ends += [(one.sender, one.to) for one in self._account.calls.values() if not one.parent]
        return [n for n in dict.fromkeys(n for pair in ends for n in pair) if n and n not in ours]

    def _thread(self, number: str) -> list[Entry]:
        entries = [
            _of_message(one, mine=one.sender == number)
            for one in self._account.messages.values()
            if number in (one.sender, one.to)
        ]
        entries += [
            self._of_call(one, mine=one.sender == number)
            for one in self._account.calls.values()
            if number in (one.sender, one.to) and not one.parent
        ]
        return sorted(entries, key=lambda entry: entry.at)

    def _of_call(self, call: Call, *, mine: bool) -> Entry:
        legs = [one for one in self._account.calls.values() if one.parent == call.sid]
        talked = any(leg.status == "completed" for leg in legs) if legs else bool(call.seconds)
        recorded = any(r.call_sid == call.sid for r in self._account.recordings.values())
        word = _CALL_WORDS.get(call.status, "Calling")
        if call.status == "completed" and not talked:
            word = "Voicemail" if recorded else "Missed call"
        seconds = max((leg.seconds or 0 for leg in legs), default=call.seconds or 0)
        return Entry(
            at=call.ended_at or call.created_at,
            mine=mine,
            kind="call",
            text=word,
            note=f"{seconds // 60}:{seconds % 60:02}" if talked else "",
        )

    def _page(self, name: str, request: Request, **known: Any) -> Response:
        problem = request.query_params.get("problem")
        number = next((one.phone_number for one in self._account.numbers.values()), "no number")
        page = self._pages.get_template(name)
        return HTMLResponse(page.render(problem=problem, firm=number, **known))


def _of_message(message: Message, *, mine: bool) -> Entry:
    pictures = f" [{len(message.media)} pictures]" if message.media else ""
    note = "" if mine else message.status
    if message.error_code:
        note = f"{message.status} ({message.error_code})"
    text = message.body + pictures
    return Entry(at=message.created_at, mine=mine, kind="text", text=text, note=note)


def _when(at: datetime) -> str:
    return f"{at:%-d %b, %H:%M}"
