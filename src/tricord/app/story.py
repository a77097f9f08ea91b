"""The demo's story: a signed deal becomes a paid invoice, each step judged by the vendors."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from tricord.app.demo import Stage
from tricord.app.wiring import Hub
from tricord.store import views

PATIENCE_SECONDS = 15.0
Check = Callable[[], Awaitable[dict[str, Any]]]
Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: what was done, what should be there then, and what the vendors' own state shows.

    `seconds` from the act to the moment it was there; `vendor_calls` made by the hub meanwhile.
    """

    name: str
    expected: dict[str, Any]
    seen: dict[str, Any]
    ok: bool
    seconds: float
    vendor_calls: int


@dataclass(slots=True)
class Story:
    """Plays on a running demo. `tell` hears each step as it ends."""

    hub: Hub
    stage: Stage
    tell: Callable[[Step], None] = lambda _: None
    steps: list[Step] = field(default_factory=list)
    deal: str = ""
    invoice: str = ""

    async def play(self) -> list[Step]:
        """Every step, in order. A step that differs does not end the story; the report shows it."""
        await self._step("A deal is opened in the CRM", self._open, {"invoices": 0}, self._quiet)
        await self._step(
            "The contract is signed: the deposit of 30 % is invoiced and sent",
            lambda: self._move("contractsigned"),
            {"invoices": 1, "status": "open", "total": 360000, "sent": 1},
            self._billing,
        )
        await self._step(
            "The CRM shows what is owed",
            self._nothing,
            {"payment_status": "invoiced", "outstanding": "3600.00", "notes": 1},
            self._crm,
        )
        await self._step(
            "The client pays a part",
            lambda: self._pay(100000),
            {"payment_status": "partly_paid", "outstanding": "2600.00", "notes": 2},
            self._crm,
        )
        await self._step(
            "The client pays the rest: the CRM shows it",
            lambda: self._pay(260000),
            {"payment_status": "paid", "outstanding": "0.00", "notes": 3},
            self._crm,
        )
        await self._step(
            "The receipt and the thank-you go out, once, in one thread",
            self._nothing,
            {"mails": 2, "to": ["ana@northwind.example"], "threaded": True, "doubled": 0},
            self._mail,
        )
        await self._step(
            "Both mails are on the deal's timeline",
            self._nothing,
            {"emails": 2, "on_deal": 2},
            self._timeline,
        )
        await self._step(
            "The client answers the receipt: it stands on the deal too",
            self._answer,
            {"emails": 3, "on_deal": 3},
            self._timeline,
        )
        await self._step(
            "The next milestone is delivered: 40 % is invoiced",
            lambda: self._move("milestone1"),
            {"invoices": 2, "status": "open", "total": 480000, "sent": 2},
            self._billing,
        )
        await self._step(
            "Every webhook is delivered once more: nothing is doubled",
            self._repeat,
            {"invoices": 2, "status": "open", "total": 480000, "sent": 2},
            self._billing,
        )
        await self._step(
            "Nothing is waiting, nothing was dropped, nobody has to look",
            self._nothing,
            {"waiting": 0, "parked": 0, "open_cases": 0},
            self._books,
        )
        return self.steps

    async def _step(self, name: str, act: Act, expected: dict[str, Any], check: Check) -> None:
        calls, start = await self.stage.calls(), time.monotonic()
        await act()
        seen = await check()
        while seen != expected and time.monotonic() - start < PATIENCE_SECONDS:
            await asyncio.sleep(0.02)
            seen = await check()
        step = Step(
            name=name,
            expected=expected,
            seen=seen,
            ok=seen == expected,
            seconds=round(time.monotonic() - start, 3),
            vendor_calls=await self.stage.calls() - calls,
        )
        self.steps.append(step)
        self.tell(step)

    # What people do

    async def _open(self) -> None:
        self.deal = await self.stage.new_deal(0)
        await asyncio.sleep(0.5)

    async def _move(self, stage: str) -> None:
        await self.stage.move(self.deal, stage)

    async def _pay(self, minor: int) -> None:
        await self.stage.act("stripe", f"invoices/{self.invoice}/pay", amount=minor)

    async def _answer(self) -> None:
        """The client writes back, as people do: above the mail, which is quoted below."""
        mails = (await self.stage.state("smtp"))["messages"]
        receipt = next(one for one in mails if str(one["subject"]).startswith("Receipt"))
        await self.stage.act(
            "smtp", f"mails/{receipt['id']}/reply", text="Thank you, all received."
        )

    async def _nothing(self) -> None:
        await asyncio.sleep(0)

    async def _repeat(self) -> None:
        for vendor in ("hubspot", "stripe"):
            for parcel in self.stage.boxes[vendor].box.outbox.parcels:
                parcel.done = False
            await self.stage.act(vendor, "deliver")
        await asyncio.sleep(1.0)

    # What the vendors hold

    async def _quiet(self) -> dict[str, Any]:
        return {"invoices": len((await self.stage.state("stripe"))["invoices"])}

    async def _billing(self) -> dict[str, Any]:
        state = await self.stage.state("stripe")
        invoices = sorted(state["invoices"], key=lambda invoice: str(invoice["number"]))
        if not invoices:
            return {"invoices": 0}
        last = invoices[-1]
        self.invoice = str(last["id"])
        return {
            "invoices": len(invoices),
            "status": last["status"],
            "total": last["total"],
            "sent": len(state["sent_emails"]),
        }

    async def _crm(self) -> dict[str, Any]:
        state = await self.stage.state("hubspot")
        deal = next(row for row in state["deals"] if str(row["id"]) == self.deal)
        return {
            "payment_status": deal["properties"].get("tricord_payment_status"),
            "outstanding": deal["properties"].get("tricord_outstanding"),
            "notes": len(state["notes"]),
        }

    async def _mail(self) -> dict[str, Any]:
        state = await self.stage.state("smtp")
        mails = sorted(state["messages"], key=lambda mail: str(mail["in_reply_to"] or ""))
        ids = {str(mail["message_id"]).strip("<>") for mail in mails}
        return {
            "mails": len(mails),
            "to": sorted({address for mail in mails for address in mail["rcpt_to"]}),
            "threaded": len(mails) > 1 and str(mails[-1]["in_reply_to"]).strip("<>") in ids,
            "doubled": len(state["duplicates"]),
        }

    async def _timeline(self) -> dict[str, Any]:
        state = await self.stage.state("hubspot")
        emails = {str(email["id"]) for email in state["emails"]}
        tied = {
            end
            for row in state["associations"]
            if {row["from_type"], row["to_type"]} == {"deals", "emails"}
            and self.deal in (row["from_id"], row["to_id"])
            for end in (row["from_id"], row["to_id"])
        }
        return {"emails": len(emails), "on_deal": len(tied & emails)}

    async def _books(self) -> dict[str, Any]:
        status: dict[str, Any] = await self.hub.read(views.status)
        waiting = status["deliveries"]["waiting"] + status["hints"]
        return {
            "waiting": waiting,
            "parked": status["deliveries"]["parked"],
            "open_cases": status["open_cases"],
        }


def report(steps: list[Step]) -> dict[str, Any]:
    """The story as JSON, with the figures worth publishing."""
    signed = next((step for step in steps if step.expected.get("total") == 360000), None)
    return {
        "steps": [asdict(step) for step in steps],
        "ok": all(step.ok for step in steps),
        "seconds_from_signature_to_invoice": signed.seconds if signed else None,
        "vendor_calls": sum(step.vendor_calls for step in steps),
    }
