"""The page on which a person switches faults, and the strip that leads to it from every page."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import jinja2
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from tricord.sandbox.faults.fault import WEBHOOK_FAULTS, FaultKind
from tricord.sandbox.faults.faults import Active, Faults
from tricord.sandbox.faults.plan import BadPlan, keys_of

MOST_SHOWN = 25

_TITLES = {
    FaultKind.DOWN: "The vendor is down: connections are cut",
    FaultKind.SLOW: "Answers are slow",
    FaultKind.TIMEOUT_BEFORE_ACTING: "Calls are lost before anything happens",
    FaultKind.REVOKED_ACCESS: "Access was revoked",
    FaultKind.EXPIRED_TOKEN: "The token has expired",
    FaultKind.RATE_LIMITED: "Too many requests",
    FaultKind.SERVER_ERROR: "Server error",
    FaultKind.TIMEOUT_AFTER_ACTING: "It is done, but the answer is lost",
    FaultKind.SEARCH_LAG: "Search runs behind",
    FaultKind.ROTATED_TOKEN: "Refresh tokens are replaced when used",
    FaultKind.GREYLISTED: "Unknown senders are told to come again",
    FaultKind.DROP: "Webhooks are lost",
    FaultKind.DUPLICATE: "Webhooks come twice",
    FaultKind.REORDER: "Webhooks overtake each other",
    FaultKind.DELAY: "Webhooks are late",
    FaultKind.BAD_SIGNATURE: "Webhooks are signed wrongly",
    FaultKind.LAPSE: "The webhook subscription ends silently",
}
_HOW_OFTEN: dict[str, tuple[str, dict[str, Any]]] = {
    "always": ("every time", {}),
    "next": ("the next time", {"next": 1}),
    "third": ("every third time", {"every": 3}),
    "fifth": ("one in five, by the dice", {"chance": 0.2}),
}
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page_of(title: str, faults: Faults, kinds: Collection[FaultKind], problem: str | None) -> str:
    return _ENVIRONMENT.get_template("page.html").render(
        title=title,
        problem=problem,
        kinds=[(kind, _TITLES[kind]) for kind in FaultKind if kind in kinds],
        how_often=[(key, words) for key, (words, _) in _HOW_OFTEN.items()],
        active=[_row(one) for one in faults.active],
        strikes=list(reversed(faults.strikes))[:MOST_SHOWN],
        count=len(faults.strikes),
    )


def plan_of_form(fields: dict[str, str]) -> dict[str, Any]:
    """What the form asks for, as a fault of a plan; the plan's reader does the checking."""
    said = fields.get("fault", "")
    if said not in {str(kind) for kind in FaultKind}:
        raise BadPlan("choose a fault")
    kind = FaultKind(said)
    keys = keys_of(kind)
    plan: dict[str, Any] = {"fault": said}
    if kind is not FaultKind.LAPSE:
        plan |= _HOW_OFTEN.get(fields.get("often", ""), ("", {}))[1]
    if place := fields.get("place", "").strip():
        plan |= {key: place for key in ("path", "webhook") if key in keys}
    if "seconds" in keys and (seconds := fields.get("seconds", "").strip()):
        plan["seconds"] = _number(seconds)
    return plan


def strip(send: Send, faults: Faults) -> Send:
    """Puts a line about the faults at the end of each page for people that passes through."""
    start: Message | None = None
    body = b""

    async def passing(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start":
            if not _is_page(message):
                await send(message)
                return
            start = message
            return
        if start is None:
            await send(message)
            return
        body += message.get("body", b"")
        if message.get("more_body"):
            return
        whole = body.replace(b"</body>", _strip_of(faults) + b"</body>", 1)
        MutableHeaders(raw=start["headers"])["content-length"] = str(len(whole))
        await send(start)
        await send({"type": "http.response.body", "body": whole})

    return passing


def _is_page(message: Message) -> bool:
    kind = MutableHeaders(raw=message["headers"]).get("content-type", "")
    return message["status"] == 200 and kind.startswith("text/html")


def _strip_of(faults: Faults) -> bytes:
    on = [one.fault.kind for one in faults.on()]
    return _ENVIRONMENT.get_template("strip.html").render(on=on).encode()


def _row(one: Active) -> dict[str, Any]:
    fault = one.fault
    often = [f"one time in {fault.every}"] if fault.every > 1 else []
    often += [f"by a chance of {fault.chance:.0%}"] if fault.chance < 1 else []
    often += [f"{fault.next} in all"] if fault.next is not None else []
    often += [f"for {fault.seconds:g} seconds"] if fault.seconds is not None else []
    where = "webhooks about" if fault.kind in WEBHOOK_FAULTS else fault.method
    return {
        "id": one.id,
        "title": _TITLES[fault.kind],
        "kind": fault.kind,
        "where": "everywhere" if fault.place == "*" else f"{where} {fault.place}",
        "often": ", ".join(often) or "every time",
        "struck": one.struck,
        "seen": one.seen,
        "last": one.last,
        "spent": one.spent,
    }


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadPlan(f'"seconds" must be a number, not "{text[:20]}"') from None
