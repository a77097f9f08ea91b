"""Acts: what a person does from a page. Each is checked, done in one transaction, and shown."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tricord.console.desk import Desk
from tricord.console.door import Visitor, token_fits
from tricord.console.guard import PAGE_HEADERS, comes_from_elsewhere, is_our_path
from tricord.engine.replaying import replay_command, replay_delivery
from tricord.store import verdicts
from tricord.store.caseload import case_row
from tricord.store.database import Tx
from tricord.store.verdicts import CannotDecide

LARGEST_FORM = 16 * 1024
LONGEST_REASON = 500
_FIELDS = 20
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What was sent: by whom, about what, and the fields of the form."""

    actor: str
    name: str
    fields: Mapping[str, str]

    @property
    def reason(self) -> str:
        """Raises CannotDecide when none was given: it goes into the audit log."""
        reason = " ".join(self.fields.get("reason", "").split())[:LONGEST_REASON]
        if not reason:
            raise CannotDecide("say why: the reason is written into the audit log")
        return reason


Work = Callable[[Tx, Act], None]


class Refused(Exception):
    """The act is not carried out, with the status that says so."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


async def form_of(request: Request, visitor: Visitor) -> Mapping[str, str]:
    """The fields of a form that was made for this session and sent from a page of ours.

    Raises Refused for any other (control T30).
    """
    if comes_from_elsewhere(request):
        raise Refused(403, "it was not sent from a page of this console")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Refused(415, "it is not a form")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            raise Refused(413, "the form is too large")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise Refused(400, "the form cannot be read") from None
    fields = dict(pairs)
    if not token_fits(visitor, fields.get("token", "")):
        raise Refused(403, "the page it was sent from is too old; load it again")
    return fields


def back(fields: Mapping[str, str], fallback: str, done: str = "") -> Response:
    """To the page the form stood on, saying what was done there."""
    path = fields.get("back", "")
    path = path if is_our_path(path) else fallback
    if done:
        path += ("&" if "?" in path else "?") + urlencode({"done": done})
    return RedirectResponse(path, status_code=303, headers=PAGE_HEADERS)


def approve(tx: Tx, act: Act) -> None:
    verdicts.approve(tx, act.name, act.actor)


def retry(tx: Tx, act: Act) -> None:
    verdicts.retry(tx, act.name, act.actor)


def skip(tx: Tx, act: Act) -> None:
    verdicts.skip(tx, act.name, act.reason, act.actor)


def replay(tx: Tx, act: Act) -> None:
    key = verdicts.key_of(tx, act.name)
    if not replay_command(tx, key, act.actor):
        raise CannotDecide(f"{key} cannot come up again: it is done, held or on its way")


def reread(tx: Tx, act: Act) -> None:
    verdicts.reread(tx, _number(act), act.actor)


def replay_arrival(tx: Tx, act: Act) -> None:
    if not replay_delivery(tx, _number(act), act.actor):
        raise CannotDecide(f"there is no delivery {act.name}, or it waits already")


def resolve(tx: Tx, act: Act) -> None:
    found = case_row(tx, act.name)
    if found is None:
        raise CannotDecide(f"there is no case {act.name}")
    verdicts.resolve(tx, found.key, act.reason, act.actor)


def _number(act: Act) -> int:
    if not (act.name.isascii() and act.name.isdigit() and len(act.name) < 18):
        raise CannotDecide(f"{act.name} is no number of a delivery")
    return int(act.name)


ACTS: tuple[tuple[str, str, str, Work], ...] = (
    ("/commands/{name}/approve", "/commands", "approved", approve),
    ("/commands/{name}/retry", "/commands", "retried", retry),
    ("/commands/{name}/skip", "/commands", "skipped", skip),
    ("/commands/{name}/replay", "/commands", "replayed", replay),
    ("/deliveries/{name}/reread", "/deliveries", "reread", reread),
    ("/deliveries/{name}/replay", "/deliveries", "replayed", replay_arrival),
    ("/cases/{name}/resolve", "/cases", "resolved", resolve),
)
"""The address of each act, the page to go back to without another, the word for it, the work."""

Handle = Callable[[Request], Awaitable[Response]]


async def carry_out(
    desk: Desk, request: Request, visitor: Visitor, work: Work
) -> Mapping[str, str]:
    """Check the form and do the work. Raises Refused, or CannotDecide in words for a person."""
    fields = await form_of(request, visitor)
    act = Act(actor=visitor.actor, name=request.path_params["name"], fields=fields)
    await desk.write(lambda tx: work(tx, act))
    return fields
