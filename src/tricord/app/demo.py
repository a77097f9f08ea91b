"""The demo firm: the hub beside sandbox vendors, on loopback, over the real wire formats.

What differs from production is `base_url` and credentials in `tricord.yaml`, and that the firm has
connected its mailbox.
"""

import contextlib
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from tricord.app.home import Home
from tricord.app.wiring import Hub, as_declared, running_hub
from tricord.engine.clock import SystemClock
from tricord.engine.connection import Connection
from tricord.engine.means import CrashPoint
from tricord.sandbox.box import wall_clock
from tricord.sandbox.serving import Running, start_boxes
from tricord.sdk.connector import Limits

VENDORS = ("hubspot", "stripe", "smtp", "twilio", "slack")
CONNECTIONS = {"twilio": "phone"}
"""What the example policy calls a vendor, where it is not by the vendor's name."""
STARTER = Path(__file__).with_name("starters") / "agency.yaml"

CLIENTS = (
    ("Brand refresh", "Northwind Traders", "Ana Lindqvist", "ana@northwind.example", "12000"),
    ("Website rebuild", "Blue Heron Clinic", "Tom Okafor", "tom@blueheron.example", "18500.50"),
    ("Product film", "Alder & Pine", "Mia Sato", "mia@alderpine.example", "9600"),
    ("Campaign autumn", "Quayside Foods", "Luis Ferreira", "luis@quayside.example", "24000"),
)


_ROOMY = Limits(at_once=16, per_second=400.0, burst=400)


class FirmClock:
    """This machine's clock, so far behind as it has not been moved on yet."""

    def __init__(self, behind: timedelta = timedelta()) -> None:
        self._wall = SystemClock()
        self.behind = behind

    def now(self) -> datetime:
        return self._wall.now() - self.behind

    def move(self, behind: timedelta) -> None:
        """Be only so far behind. It never goes back."""
        self.behind = max(timedelta(), min(self.behind, behind))


@dataclass(slots=True)
class Stage:
    """The sandbox vendors of one demo, and a client to act on them as people would."""

    boxes: dict[str, Running]
    session: aiohttp.ClientSession

    def url(self, vendor: str) -> str:
        return self.boxes[vendor].base_url

    async def state(self, vendor: str) -> dict[str, Any]:
        """What the vendor itself holds: the judge of everything the story claims."""
        async with self.session.get(f"{self.url(vendor)}/_sandbox/state") as answer:
            state: dict[str, Any] = await answer.json()
            return state

    async def act(self, vendor: str, path: str, **fields: Any) -> dict[str, Any]:
        """A person doing something on the vendor's own pages."""
        async with self.session.post(f"{self.url(vendor)}/_sandbox/{path}", json=fields) as answer:
            body: dict[str, Any] = await answer.json()
            if answer.status >= 400:
                raise RuntimeError(f"{vendor} refused {path}: {body}")
            return body

    async def calls(self) -> int:
        """API calls the vendors have counted so far."""
        hubspot, stripe = await self.state("hubspot"), await self.state("stripe")
        return int(hubspot["calls_made"]["total"]) + int(stripe["calls"]["total"])

    async def new_deal(self, place: int, **changes: Any) -> str:
        name, company, person, email, amount = CLIENTS[place % len(CLIENTS)]
        fields = {
            "name": name,
            "company": company,
            "contact_name": person,
            "contact_email": email,
            "amount": amount,
            "service_type": "project",
        }
        made = await self.act("hubspot", "deals", **(fields | changes))
        return str(made["id"])

    async def move(self, deal: str, stage: str, **changes: Any) -> None:
        await self.act("hubspot", f"deals/{deal}/stage", stage=stage, **changes)


def demo_policy(stage: Stage, poll: str = "30 seconds", hub_url: str | None = None) -> str:
    """The agency's policy, pointed at the sandboxes: addresses and the firm's mailbox added, every
    rule as it stands."""
    text = STARTER.read_text()
    own = "billing@harbour.example, harbour.example"
    # Nobody knocks for a mailbox, so it is asked more often than those whose webhooks come.
    inbox = f'  inbox: {{connector: imap, url: ${{IMAP_URL}}, address: "{own}", poll: 2 seconds}}'
    text = text.replace("\nroles:", f"\n{inbox}\nroles:", 1)
    for name in ("hubspot", "stripe", "twilio"):
        given = f"connector: {name},"
        address = f'{given} base_url: "{stage.url(name)}", poll: {poll},'
        text = text.replace(given, address)
    text = text.replace("connector: slack,", f'connector: slack, base_url: "{stage.url("slack")}",')
    return text + (f'server: {{public_url: "{hub_url}"}}\n' if hub_url else "")


def lived_in(policy: str, start: datetime) -> str:
    """The policy of a firm that went live then."""
    return re.sub(r"go_live: \S+", f"go_live: {start.date()}", policy)


def unhurried(connection: Connection) -> Connection:
    """The connection without its vendor's budget, and not polled while days pass like seconds."""
    roomy = replace(connection.connector, limits=_ROOMY, buckets={})
    # What sends webhooks is heard anyway; a mailbox is heard by asking alone.
    poll = timedelta(days=3650) if roomy.signature is not None else connection.poll
    return replace(connection, connector=roomy, poll=poll)


def demo_secrets(stage: Stage) -> str:
    """The credentials the sandboxes were born with, as a file of secrets."""
    hubspot, stripe, mail, phone, slack = (stage.boxes[name].box.credentials for name in VENDORS)
    return (
        f"HUBSPOT_TOKEN={hubspot['token']}\n"
        f"HUBSPOT_WEBHOOK_SECRET={hubspot['webhook_secret']}\n"
        f"STRIPE_API_KEY={stripe['api_key']}\n"
        f"STRIPE_WEBHOOK_SECRET={stripe['webhook_secret']}\n"
        f"SMTP_URL={mail['url']}\n"
        f"IMAP_URL={mail['imap_url']}\n"
        f"TWILIO_SID={phone['account_sid']}\n"
        f"TWILIO_TOKEN={phone['auth_token']}\n"
        f"SLACK_WEBHOOK_URL={slack['webhook_url']}\n"
    )


@contextlib.asynccontextmanager
async def running_stage(
    hub_url: str | None,
    *,
    port_base: int = 0,
    seed: int | None = None,
    clock: FirmClock | None = None,
) -> AsyncIterator[Stage]:
    """The vendors on their sockets."""
    running = await start_boxes(
        VENDORS,
        hub=hub_url,
        port_base=port_base,
        seed=seed,
        connections=CONNECTIONS,
        clock=clock.now if clock else wall_clock,
    )
    boxes = {one.box.name: one for one in running}
    try:
        async with aiohttp.ClientSession() as session:
            yield Stage(boxes=boxes, session=session)
    finally:
        for one in reversed(running):
            await one.stop()


@contextlib.asynccontextmanager
async def running_demo(
    home: Home,
    *,
    port: int = 0,
    port_base: int = 0,
    seed: int | None = None,
    poll: str = "30 seconds",
    clock: FirmClock | None = None,
    crash_point: CrashPoint = lambda _: None,
) -> AsyncIterator[tuple[Hub, Stage]]:
    """The whole demo: the port is taken first, so that the vendors know where to knock.

    With a `clock` of its own the firm's past begins at that clock's moment, and no vendor's budget
    holds the hub up: the sandboxes set no quota.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    hub_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with running_stage(hub_url, port_base=port_base, seed=seed, clock=clock) as stage:
        home.make()
        policy = demo_policy(stage, poll, hub_url)
        home.policy_path.write_text(lived_in(policy, clock.now()) if clock else policy)
        home.secrets_path.touch(mode=0o600)
        home.secrets_path.write_text(demo_secrets(stage))
        async with running_hub(
            home,
            listener=listener,
            clock=clock,
            adapt=unhurried if clock else as_declared,
            crash_point=crash_point,
        ) as hub:
            yield hub, stage
