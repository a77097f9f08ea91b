"""Acts: what a person does from a page. Each is checked, done in one transaction, and shown."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tricord.console.desk import Desk
from tricord.console.door import Visitor, token_fits
from tricord.console.guard import PAGE_HEADERS, comes_from_elsewhere, is_our_path
from tricord.core.ids import AccountId, ConnectionName
from tricord.core.policy.types import Policy
from tricord.engine import joining
from tricord.engine.batch import Batch
from tricord.engine.connection import Connection
from tricord.engine.joining import CannotJoin
from tricord.engine.replaying import NOBODY, replay_command, replay_delivery
from tricord.store import verdicts
from tricord.store.database import Tx
from tricord.store.editing import correctable
from tricord.store.schedule import Busy
from tricord.store.verdicts import CannotDecide

LARGEST_FORM = 16 * 1024
LONGEST_REASON = 500
_LONGEST_NAME = 100
_FIELDS = 40
SNOOZES: Mapping[str, timedelta] = {
    "an hour": timedelta(hours=1),
    "four hours": timedelta(hours=4),
    "a day": timedelta(days=1),
    "a week": timedelta(weeks=1),
}
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What was sent: by whom, about what, and the fields of the form."""

    actor: str
    name: str
    fields: Mapping[str, str]
    policy: Policy
    connections: Mapping[ConnectionName, Connection]

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


def edit(tx: Tx, act: Act) -> None:
    key = verdicts.key_of(tx, act.name)
    known = dict(correctable(tx, key))
    given = {name: act.fields.get(f"field.{name}", value).strip() for name, value in known.items()}
    changes = {name: text for name, text in given.items() if text != known[name]}
    if not changes:
        raise CannotDecide("nothing was corrected")
    verdicts.edit(tx, key, changes, act.actor)


def resolve(tx: Tx, act: Act) -> None:
    verdicts.resolve(tx, act.name, act.reason, act.actor)


def assign(tx: Tx, act: Act) -> None:
    who = " ".join(act.fields.get("who", "").split())[:_LONGEST_NAME]
    if not who:
        raise CannotDecide("say who: a name, an address or a role")
    verdicts.assign(tx, act.name, who, act.actor)


def snooze(tx: Tx, act: Act) -> None:
    length = SNOOZES.get(act.fields.get("for", ""))
    if length is None:
        raise CannotDecide("say for how long")
    verdicts.snooze(tx, act.name, length, act.actor)


def accept(tx: Tx, act: Act) -> None:
    with _joining():
        joining.accept(_batch(tx, act), _number(act), act.actor)


def reject(tx: Tx, act: Act) -> None:
    with _joining():
        joining.reject(_batch(tx, act), _number(act), act.actor)


def merge(tx: Tx, act: Act) -> None:
    into = AccountId(act.fields.get("into", "").strip())
    with _joining():
        joining.merge(_batch(tx, act), AccountId(act.name), into, act.actor, act.reason)


def unmerge(tx: Tx, act: Act) -> None:
    with _joining():
        joining.unmerge(_batch(tx, act), AccountId(act.name), act.actor, act.reason)


@contextmanager
def _joining() -> Iterator[None]:
    try:
        yield
    except CannotJoin as error:
        raise CannotDecide(str(error)) from error
    except Busy:
        raise CannotDecide("a worker has this client in hand just now; try again") from None


def _batch(tx: Tx, act: Act) -> Batch:
    return Batch(tx, act.policy, dict(act.connections), NOBODY)


def _number(act: Act) -> int:
    if not (act.name.isascii() and act.name.isdigit() and len(act.name) < 18):
        raise CannotDecide(f"{act.name} is no number of anything here")
    return int(act.name)


ACTS: tuple[tuple[str, str, str, Work], ...] = (
    ("/commands/{name}/approve", "/commands", "approved", approve),
    ("/commands/{name}/retry", "/commands", "retried", retry),
    ("/commands/{name}/skip", "/commands", "skipped", skip),
    ("/commands/{name}/edit", "/commands", "edited", edit),
    ("/commands/{name}/replay", "/commands", "replayed", replay),
    ("/deliveries/{name}/reread", "/deliveries", "reread", reread),
    ("/deliveries/{name}/replay", "/deliveries", "replayed", replay_arrival),
    ("/cases/{name}/resolve", "/cases", "resolved", resolve),
    ("/cases/{name}/assign", "/cases", "assigned", assign),
    ("/cases/{name}/snooze", "/cases", "snoozed", snooze),
    ("/identity/{name}/accept", "/identity", "linked", accept),
    ("/identity/{name}/reject", "/identity", "rejected", reject),
    ("/accounts/{name}/merge", "/accounts", "merged", merge),
    ("/accounts/{name}/unmerge", "/accounts", "unmerged", unmerge),
)
"""The address of each act, the page to go back to without another, the word for it, the work."""

Handle = Callable[[Request], Awaitable[Response]]


async def carry_out(
    desk: Desk, request: Request, visitor: Visitor, work: Work
) -> Mapping[str, str]:
    """Check the form and do the work. Raises Refused, or CannotDecide in words for a person."""
    fields = await form_of(request, visitor)
    policy = desk.policy()
    if policy is None:
        raise Refused(409, "there is no policy yet")
    act = Act(
        actor=visitor.actor,
        name=request.path_params["name"],
        fields=fields,
        policy=policy,
        connections=desk.connections,
    )
    await desk.write(lambda tx: work(tx, act))
    return fields
