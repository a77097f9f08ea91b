"""What is sealed in a delivery or an attempt, shown to a person on request and noted in the log."""

from dataclasses import dataclass

from tricord.console.masking import masked_body, masked_headers
from tricord.core.delivery import Delivery
from tricord.engine.connection import Connection
from tricord.sdk.errors import TricordError
from tricord.sdk.talk import Hint
from tricord.store import deliveries
from tricord.store.audit import record_act
from tricord.store.command_views import command_row, conversation_of
from tricord.store.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A delivery as it may be shown: `said` is what its connector reads in it, line by line."""

    method: str
    size: int
    headers: list[tuple[str, str]]
    body: str
    said: list[str]
    problem: str


def open_delivery(tx: Tx, number: int, actor: str) -> Delivery | None:
    """The delivery, with an entry in the log of who looked into it."""
    found = deliveries.opened(tx, number)
    if found is not None:
        record_act(tx, "delivery.opened", str(number), actor=actor)
    return found


def open_conversation(tx: Tx, name: str, actor: str) -> dict[int, list[dict[str, object]]] | None:
    """What was said to the vendor in each attempt, with an entry in the log of who looked."""
    found = command_row(tx, name)
    if found is None:
        return None
    record_act(tx, "command.opened", found.key, actor=actor)
    return {
        number: [_masked(exchange) for exchange in said]
        for number, said in conversation_of(tx, found.id).items()
    }


def shown(delivery: Delivery, connection: Connection | None) -> Opened:
    said, problem = _read(delivery, connection)
    kind = {name.lower(): value for name, value in delivery.headers.items()}.get("content-type", "")
    return Opened(
        method=delivery.method,
        size=len(delivery.body),
        headers=masked_headers(delivery.headers),
        body=masked_body(delivery.body, kind),
        said=said,
        problem=problem,
    )


def _read(delivery: Delivery, connection: Connection | None) -> tuple[list[str], str]:
    if connection is None or connection.connector.parse is None:
        return [], "No connection of the policy reads webhooks from there."
    try:
        found = connection.connector.parse(connection.access, delivery)
    except TricordError as error:
        return [], error.detail
    except Exception as error:  # a page shows a broken reader; the engine has its own boundary
        return [], f"Reading it broke the program ({type(error).__name__})"
    return [_line(one) for one in found], ""


def _line(one: object) -> str:
    if isinstance(one, Hint):
        changed = f" ({one.change[0]})" if one.change else ""
        return f"{one.ref} has changed{changed}: it is read at the vendor"
    return f"{getattr(one, 'ref', '')} as it looks now"


def _masked(exchange: dict[str, object]) -> dict[str, object]:
    sent = str(exchange.get("sent", ""))
    kind = "application/json" if sent[:1] in "{[" else "application/x-www-form-urlencoded"
    return {**exchange, "sent": masked_body(sent.encode(), kind) if sent else ""}
