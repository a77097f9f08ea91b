"""The demo firm one can live in: ten weeks of work in half a minute, and then on from today.

Everything is done to the sandbox vendors as people would do it: deals are moved in the CRM,
invoices are paid on the billing engine's page. What follows is the hub's doing. Hub and vendors go
by one clock, which starts ten weeks ago and is moved on by days until it is today.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from tricord.app.demo import FirmClock, Stage
from tricord.app.townsfolk import LONGEST_AGO, Fate, Townsman, townsfolk
from tricord.app.wiring import Hub
from tricord.core.ids import ConnectionName
from tricord.engine.clock import SystemClock
from tricord.sandbox.stripe import StripeBox
from tricord.store import cursors, views
from tricord.store.database import Tx

_STEP = 2
_IDLE_WITHIN = 6.0
_QUIET = 0.06


Scene = Callable[["Firm", Townsman], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What somebody does `day` days ago. It needs these vendors to be there."""

    day: int
    client: Townsman
    scene: Scene
    needs: tuple[str, ...]


@dataclass(slots=True)
class Firm:
    """The people of one demo. `tell` hears how far the past has come, as (done, in all)."""

    hub: Hub
    stage: Stage
    clock: FirmClock
    people: Sequence[Townsman] = field(default_factory=lambda: tuple(townsfolk()))
    tell: Callable[[int, int], None] = lambda _, __: None
    deals: dict[str, str] = field(default_factory=dict)
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - a play

    async def live_through(self) -> None:
        """Everything up to today, in order; after each step of days the hub comes to rest."""
        past = [one for one in plan(self.people) if set(one.needs) <= set(self.stage.boxes)]
        past.sort(key=lambda one: (-one.day, one.client.email))
        done = 0
        for number, day in enumerate(range(LONGEST_AGO - _STEP, -1, -_STEP)):
            self.clock.move(self._back_to(day, number))
            due = [one for one in past[done:] if one.day >= day]
            for scenes in _apart(due):
                await asyncio.gather(*(one.scene(self, one.client) for one in scenes))
                await self.rest()
            done += len(due)
            self.tell(done, len(past))
        self.clock.move(timedelta())
        await self.rest()
        await self._poll_from_now_on()

    def _back_to(self, day: int, number: int) -> timedelta:
        """How far back a working hour of that day is, never the same one twice in a row."""
        policy, now = self.hub.policy, SystemClock().now()
        zone = policy.firm.zone if policy else now.tzinfo
        local = (now - timedelta(days=day)).astimezone(zone)
        hour = local.replace(hour=9 + number * 5 % 9, minute=number * 17 % 60)
        return max(timedelta(), now - hour)

    async def go_on(self) -> None:
        """Now and then somebody does something, until it is cancelled."""
        awake = [one for one in self.people if one.fate not in (Fate.VAGUE, Fate.REFUSED)]
        number = 0
        while True:
            await asyncio.sleep(self.dice.uniform(4, 11))
            number += 1
            with contextlib.suppress(RuntimeError):
                await self._something(self.dice.choice(awake), number)

    async def rest(self) -> None:
        """Until the hub has nothing left to do, or that takes too long to be waited for."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _IDLE_WITHIN
        calm = 0
        while calm < 2 and loop.time() < end:
            await asyncio.sleep(_QUIET)
            calm = calm + 1 if await self._is_idle() else 0

    async def invoices(self, client: Townsman, status: str = "open") -> list[dict[str, Any]]:
        """The client's invoices in this state as the billing engine holds them, oldest first."""
        state = await self.stage.state("stripe")
        found = [
            one
            for one in state["invoices"]
            if one["customer_email"] == client.email and one["status"] == status
        ]
        return sorted(found, key=lambda one: int(one["created"]))

    async def _poll_from_now_on(self) -> None:
        """Ask the vendors what changed as often as the policy says, now that time is real."""
        engine, loaded = self.hub.engine, self.hub.loaded
        if engine is None or loaded is None:
            return
        for one in loaded.connections:
            known = engine.connections.get(ConnectionName(one.name))
            if known is not None:
                engine.connections[known.name] = replace(known, poll=one.poll)

        def due(tx: Tx) -> None:
            for name in engine.connections:
                cursors.make_due(tx, name)

        await self.hub.write(due)

    async def _is_idle(self) -> bool:
        if any(
            not parcel.done
            for name in ("hubspot", "stripe")
            for parcel in self.stage.boxes[name].box.outbox.parcels
        ):
            return False
        status: Mapping[str, Any] = await self.hub.read(views.status)
        at_work = sum(status["commands"].get(name, 0) for name in ("ready", "sending"))
        return not (status["accepted_minus_processed"] or status["hints"] or at_work)

    async def _something(self, client: Townsman, number: int) -> None:
        if "twilio" in self.stage.boxes and self.dice.random() < 0.3:
            await self.dice.choice((_text, _call, _answer, _write))(self, client)
            return
        open_now = await self.invoices(client)
        if open_now and self.dice.random() < 0.7:
            await _pay(self, client, part=self.dice.choice((1.0, 1.0, 0.5)))
            return
        known = replace(client, deal=f"{client.deal}, part {number + 1}")
        await open_deal(self, known)
        if self.dice.random() < 0.7:
            await asyncio.sleep(self.dice.uniform(2, 5))
            await _reach("contractsigned")(self, known)


def plan(people: Sequence[Townsman]) -> list[Event]:
    """What each of them does, and when. Another scene is one more entry in a course."""
    events = []
    for client in people:
        for after, scene in _COURSES[client.fate]:
            if client.start - after >= 0:
                needs = _NEEDS.get(scene, ("hubspot", "stripe"))
                day = client.start - after
                events.append(Event(day=day, client=client, scene=scene, needs=needs))
    return events


def _apart(events: Sequence[Event]) -> list[list[Event]]:
    """The events in groups that hold each client once, so that each sees what came before."""
    groups: list[list[Event]] = []
    for event in events:
        place = sum(one.client == event.client for group in groups for one in group)
        if place == len(groups):
            groups.append([])
        groups[place].append(event)
    return groups


# Scenes: what people do


async def open_deal(firm: Firm, client: Townsman) -> None:
    made = await firm.stage.act(
        "hubspot",
        "deals",
        name=client.deal,
        company=client.company,
        contact_name=client.person,
        contact_email=client.email,
        amount=client.amount,
        service_type="project",
        stage="qualifiedtobuy",
    )
    firm.deals[_called(client)] = str(made["id"])
    contact = made.get("contact_id")
    if contact and "twilio" in firm.stage.boxes:
        await firm.stage.act("hubspot", f"contacts/{contact}", phone=client.phone)


def _reach(stage: str) -> Scene:
    async def scene(firm: Firm, client: Townsman) -> None:
        await firm.stage.move(firm.deals[_called(client)], stage)

    return scene


async def _pay(firm: Firm, client: Townsman, part: float = 1.0) -> None:
    """The oldest open invoice, or a part of it, on its page."""
    found = await firm.invoices(client)
    if not found:
        return
    due = int(found[0]["amount_remaining"])
    amount = due if part == 1.0 else max(1, int(due * part) // 100 * 100)
    await firm.stage.act("stripe", f"invoices/{found[0]['id']}/pay", amount=amount)


async def _pay_half(firm: Firm, client: Townsman) -> None:
    await _pay(firm, client, part=0.5)


async def _dispute(firm: Firm, client: Townsman) -> None:
    charge = await _last_charge(firm, client)
    if charge:
        await firm.stage.act("stripe", f"charges/{charge}/dispute", reason="product_not_received")


async def _give_back(firm: Firm, client: Townsman) -> None:
    charge = await _last_charge(firm, client)
    if charge:
        await firm.stage.act("stripe", f"charges/{charge}/refund", amount=18000)


async def _sign_and_be_refused(firm: Firm, client: Townsman) -> None:
    """The billing engine turns one invoice away for good, as one with a bad tax setting does."""
    refusal = {"fault": "server_error", "status": 400, "method": "POST", "path": "/v1/invoices"}
    await firm.stage.act("stripe", "faults", add=[{**refusal, "next": 1}])
    await SIGN(firm, client)


async def _text(firm: Firm, client: Townsman) -> None:
    words = firm.dice.choice(_TEXTS)
    await firm.stage.act("twilio", "texts", **{"from": client.phone, "body": words})


async def _answer(firm: Firm, client: Townsman) -> None:
    """The client answers the latest mail they got from the firm, if there is one."""
    state = await firm.stage.state("smtp")
    got = [mail for mail in state["messages"] if client.email in mail["rcpt_to"]]
    if got:
        words = firm.dice.choice(_ANSWERS)
        await firm.stage.act("smtp", f"mails/{got[-1]['id']}/reply", text=words)


async def _write(firm: Firm, client: Townsman) -> None:
    subject, words = firm.dice.choice(_MAILS)
    sender = f"{client.person} <{client.email}>"
    await firm.stage.act("smtp", "mails", **{"from": sender, "subject": subject, "text": words})


async def _call(firm: Firm, client: Townsman) -> None:
    answered = firm.dice.random() < 0.7
    outcome, seconds = ("answered", firm.dice.randint(40, 600)) if answered else ("missed", 0)
    fields = {"from": client.phone, "outcome": outcome, "seconds": seconds}
    await firm.stage.act("twilio", "calls", **fields)


async def _last_charge(firm: Firm, client: Townsman) -> str:
    """The charge of the client's latest payment, as the billing engine's own books have it."""
    box = firm.stage.boxes["stripe"].box
    if not isinstance(box, StripeBox):
        return ""
    charges = [
        charge
        for charge in box.account.tables["charge"].values()
        if charge["status"] == "succeeded"
        and charge["billing_details"].get("email") == client.email
    ]
    return str(charges[-1]["id"]) if charges else ""


def _called(client: Townsman) -> str:
    return f"{client.email} {client.deal}"


SIGN, DELIVER, FINISH = (_reach(name) for name in ("contractsigned", "milestone1", "complete"))
LOSE = _reach("closedlost")
_NEEDS: Mapping[Scene, tuple[str, ...]] = {
    _text: ("twilio",),
    _call: ("twilio",),
    _answer: ("smtp",),
    _write: ("smtp",),
}
"""The vendors a scene needs, where these are not the CRM and the billing engine."""
_ANSWERS = (
    "Thank you, that was quick. A pleasure as always.",
    "Received, thank you. Could the next one go to our accounting as well?",
    "Perfect. We look forward to the next step.",
)
_MAILS = (
    ("A question about the invoice", "Hello, which order number does the invoice refer to?"),
    ("Change of address", "Hello, we have moved. Please note our new address for the books."),
    ("Next meeting", "Hello, would next Tuesday at ten suit you for the review?"),
)
_TEXTS = (
    "Thank you, the invoice has gone to our accounting.",
    "Could you send the invoice once more, please?",
    "We love the first drafts!",
    "Can we move Thursday's call to Friday?",
    "Payment is on its way.",
)
_COURSES: Mapping[Fate, Sequence[tuple[int, Scene]]] = {
    Fate.FAITHFUL: ((0, open_deal), (3, SIGN), (9, _pay), (20, DELIVER), (27, _pay),
                    (38, FINISH), (45, _pay), (46, _text), (47, _answer)),
    Fate.REGULAR: ((0, open_deal), (1, _call), (2, SIGN), (8, _pay), (9, _answer), (20, DELIVER),
                   (22, _text)),
    Fate.LATE: ((0, open_deal), (2, SIGN), (10, _pay), (12, DELIVER), (20, _write),
                (30, _call)),
    Fate.PARTIAL: ((0, open_deal), (2, SIGN), (7, _pay_half), (8, _text), (18, _pay),
                   (20, DELIVER)),
    Fate.SILENT: ((0, open_deal), (4, SIGN), (50, _call), (56, _call)),
    Fate.CONTESTED: ((0, open_deal), (2, SIGN), (9, _pay), (23, _call), (24, _dispute)),
    Fate.RETURNED: ((0, open_deal), (2, SIGN), (9, _pay), (30, _give_back)),
    Fate.GRAND: ((0, open_deal), (3, SIGN)),
    Fate.VAGUE: ((0, open_deal), (3, SIGN)),
    Fate.LOST: ((0, open_deal), (2, SIGN), (9, _pay), (21, LOSE)),
    Fate.REFUSED: ((0, open_deal), (3, _sign_and_be_refused)),
    Fate.BUDDING: ((0, open_deal),),
}  # fmt: skip
"""For each fate: so many days after its start, this happens."""
