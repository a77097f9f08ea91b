"""One Stripe account in memory: its objects, its clock, its events and who follows them."""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tricord.sandbox.box import Settings
from tricord.sandbox.outbox import Outbox
from tricord.sandbox.stripe import events, sending
from tricord.sandbox.stripe.errors import missing_object
from tricord.sandbox.stripe.kinds import API_VERSION, KINDS, Json, kind_of_id
from tricord.sandbox.stripe.mint import Mint

# Search is said to be behind for an hour at worst.
_LONGEST_LAG_SECONDS = 3600.0

Follower = Callable[["Account", Json], None]


@dataclass(slots=True)
class Account:
    """Everything handlers read and change. `public_url` wins over the address callers used.

    `own_endpoint` is the webhook endpoint the box was born with; `thin` is how it is told.
    `made_under` holds (kind, idempotency key, id) of what was created with one.
    `payments` holds the invoice payments of each invoice, in the order they were made in.
    """

    settings: Settings
    outbox: Outbox
    id: str
    webhook_secret: str
    mint: Mint
    request_mint: Mint
    tables: dict[str, dict[str, Json]] = field(default_factory=lambda: {k: {} for k in KINDS})
    journal: dict[str, events.Recorded] = field(default_factory=dict)
    seen: dict[str, list[tuple[float, Json | None]]] = field(default_factory=dict)
    followers: dict[str, list[Follower]] = field(default_factory=dict)
    emails: list[Json] = field(default_factory=list)
    cause: events.Cause = field(default_factory=events.Cause)
    called_url: str = "http://127.0.0.1"
    public_url: str | None = None
    own_endpoint: str | None = None
    thin: bool = False
    made_under: list[tuple[str, str, str]] = field(default_factory=list)
    overdue_told: set[str] = field(default_factory=set)
    payments: dict[str, list[Json]] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return (self.public_url or self.called_url).rstrip("/")

    def now(self) -> int:
        return int(self.settings.clock().timestamp())

    def clock_time(self) -> float:
        return self.settings.clock().timestamp()

    def new_id(self, kind: str) -> str:
        return self.mint.id(KINDS[kind].prefix)

    def add(self, obj: Json) -> Json:
        self.tables[obj["object"]][obj["id"]] = obj
        if obj["object"] == "invoice_payment":
            self.payments.setdefault(obj["invoice"], []).append(obj)
        return obj

    def get(self, kind: str, object_id: str, *, param: str | None = None) -> Json:
        """The stored object, or Stripe's refusal; a deleted one counts as missing."""
        found = self.tables[kind].get(object_id)
        if found is None or found.get("deleted"):
            raise missing_object(KINDS[kind], object_id, param)
        return found

    def lookup(self, object_id: str) -> Json | None:
        kind = kind_of_id(object_id)
        return self.tables[kind.name].get(object_id) if kind else None

    def newest_first(self, kind: str) -> list[Json]:
        return [obj for obj in reversed(self.tables[kind].values()) if not obj.get("deleted")]

    def emit(self, event_type: str, subject: Json, before: Json | None = None) -> None:
        """Record an event, send it, index it for search, and let followers act on it."""
        recorded = events.record(
            event_type,
            subject,
            before,
            self.cause,
            ids=(self.mint.id("evt"), self.mint.id("evt")),
            now=self.now(),
        )
        self.journal[recorded.snapshot["id"]] = recorded
        if event_type.endswith(".created") and self.cause.idempotency_key is not None:
            made = (subject["object"], self.cause.idempotency_key, subject["id"])
            self.made_under.append(made)
        sending.send(recorded, self.receivers(), self.outbox, self.now)
        if subject["object"] in {"customer", "invoice"}:
            gone = event_type.endswith(".deleted")
            snapshot = None if gone else copy.deepcopy(subject)
            self._index(subject["id"], snapshot)
        for follower in self.followers.get(event_type, ()):
            follower(self, subject)

    def _index(self, object_id: str, snapshot: Json | None) -> None:
        """Keep what a lagging search may still have to show, and nothing older."""
        now = self.clock_time()
        history = self.seen.setdefault(object_id, [])
        history.append((now, snapshot))
        while len(history) > 1 and history[1][0] < now - _LONGEST_LAG_SECONDS:
            del history[0]

    def updated(self, subject: Json, before: Json) -> None:
        """`<kind>.updated`, when something did change."""
        if subject != before:
            self.emit(f"{subject['object']}.updated", subject, before)

    def follow(self, event_type: str, follower: Follower) -> None:
        self.followers.setdefault(event_type, []).append(follower)

    def recorded(self) -> list[events.Recorded]:
        """Events not older than Stripe keeps them, newest first."""
        oldest = (self.settings.clock() - timedelta(seconds=events.KEPT_SECONDS)).timestamp()
        for event_id in [e for e, r in self.journal.items() if r.created < oldest]:
            del self.journal[event_id]
        return list(reversed(self.journal.values()))

    def receivers(self) -> list[sending.Receiver]:
        """The endpoints that hear events; nobody, by the name of None, when there are none."""
        listening = [
            sending.Receiver(
                url=endpoint["url"],
                secret=endpoint["secret"],
                enabled_events=tuple(endpoint["enabled_events"]),
                thin=self.thin and endpoint["id"] == self.own_endpoint,
            )
            for endpoint in self.tables["webhook_endpoint"].values()
            if endpoint["status"] == "enabled"
        ]
        return listening or [sending.Receiver(url=None, secret=self.webhook_secret)]

    def add_endpoint(self, url: str, secret: str, enabled_events: list[str], **more: Any) -> Json:
        return self.add(
            {
                "id": self.new_id("webhook_endpoint"),
                "object": "webhook_endpoint",
                "api_version": API_VERSION,
                "application": None,
                "created": self.now(),
                "description": None,
                "enabled_events": enabled_events,
                "livemode": False,
                "metadata": {},
                "secret": secret,
                "status": "enabled",
                "url": url,
                **more,
            }
        )


def open_account(settings: Settings, outbox: Outbox) -> tuple[Account, str]:
    """A fresh account and its secret API key."""
    # Two streams: request ids must not change what the next object is called.
    ids = Mint(random.Random(settings.dice.getrandbits(64)))
    request_ids = Mint(random.Random(settings.dice.getrandbits(64)))
    account_id = f"acct_1{ids.token(15)}"
    account = Account(
        settings=settings,
        outbox=outbox,
        id=account_id,
        webhook_secret=f"whsec_{ids.token(32)}",
        mint=ids,
        request_mint=request_ids,
    )
    if settings.hook_url is not None:
        own = account.add_endpoint(settings.hook_url, account.webhook_secret, ["*"])
        account.own_endpoint = own["id"]
    return account, f"sk_test_51{account_id[6:]}{ids.token(64)}"
