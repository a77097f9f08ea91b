"""The contract of a connector: one declared value, and four small files behind it."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tricord.core.alerts import Alert
from tricord.core.commands import Command
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName, Instant, Kind, Ref
from tricord.core.records import Channel, Record
from tricord.sdk.errors import TricordError
from tricord.sdk.oauth import OAuth
from tricord.sdk.paging import Paging
from tricord.sdk.secret import Secret
from tricord.sdk.signing import Scheme
from tricord.sdk.talk import Hint, Listing, Reading, Response, Talk, Wire


class Once(StrEnum):
    """How a verb is made effect-once at this vendor.

    `KEY`: the vendor takes an idempotency key. `NATURAL`: a natural key or an upsert by our id.
    `TAG`: a searchable tag, looked up before a retry. `NEVER`: nothing; at most once, and an
    unknown outcome goes to a person.
    """

    KEY = "A"
    NATURAL = "B"
    TAG = "C"
    NEVER = "D"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value a connection needs in `tricord.yaml`. `secret` ones are never shown.

    `named_by` is the setting that holds the vendor's id of this signing secret, "" if it has none.
    """

    name: str
    label: str
    help: str
    secret: bool = True
    required: bool = True
    pattern: str = ""
    named_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the vendor allows: requests in flight at once, per second in the long run, and how many
    may come at one stroke before that."""

    at_once: int
    per_second: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One configured use: what talks and parsing may know about the connection.

    `fields` maps our names of CRM fields to the vendor's properties (`deal.service_type`).
    `hook_url` is where the vendor reaches this connection's webhook, "" where nobody has said.
    """

    connection: ConnectionName
    settings: Mapping[str, Secret | str] = field(default_factory=dict)
    fields: tuple[tuple[str, str], ...] = ()
    hook_url: str = ""

    def text(self, name: str) -> str:
        """A setting as text; secrets are revealed here and nowhere else. "" when it is not set."""
        value = self.settings.get(name, "")
        return value.reveal() if isinstance(value, Secret) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One attempt at a command. `again` is True when an earlier attempt may have reached it.

    `objection` says why nothing new may leave by now; what an earlier attempt did is still looked
    up. Only a verb of class C is asked to act under one, and only `again`.
    """

    key: str
    at: Instant
    again: bool
    objection: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What a CRM knows of deals: the names of their properties, and the ids of all stages."""

    fields: frozenset[str]
    stages: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What a webhook is answered with once it is stored, where the vendor reads the answer."""

    content_type: str = "application/json"
    body: bytes = b'{"accepted":true}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Whether the vendor sends us webhooks. `renewed` says that it had stopped and goes on now;
    `expires_at` is when it stops by itself, None where it does not."""

    live: bool
    problem: str = ""
    remote: str = ""
    renewed: bool = False
    expires_at: Instant | None = None


Leasing = Generator[Wire, Response, Lease]

Parse = Callable[[Access, Delivery], Sequence[Record | Hint]]
Read = Callable[[Access, Ref, Instant], Reading]
List = Callable[[Access, str, Instant], Listing]
Pages = Callable[[Access, str, Instant], Paging]
Act = Callable[[Access, Any, Work], Talk]
Subscribe = Callable[[Access, Instant], Leasing]
Tell = Callable[[Access, Alert, Work], Talk]
Probe = Callable[[Access], Reading]
Discover = Callable[[Access], Generator[Wire, Response, Schema]]
Headers = Callable[[Access], tuple[tuple[str, str], ...]]
Explain = Callable[[Response, str], TricordError]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A command this vendor takes, how it is made effect-once, and the talk that does it."""

    once: Once
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How this vendor tells people of an alert, and how that is made effect-once."""

    once: Once
    tell: Tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """Everything the rest of Tricord knows about a vendor.

    `limits` hold for every request; `buckets` are the tighter ones of some requests, by the bucket
    that the request names. `headers` gives the authentication of each request. `explain` turns an
    answer that was not expected into an error with a plan. `signature` is None where nothing
    arrives by webhook. `delivery_id` names a delivery, so that its copies are known. `schema` tells
    what the account at the vendor has, so that a policy which names what is not there is found out
    by a check. `signing` names the settings that webhooks are signed with; a comma in one separates
    two live secrets. `timed` says whether a time is signed; where none is, a replay is known by its
    delivery id alone, which is then made of the body. `channel` is how people are reached here,
    None where they are not. `notice` is how an alert is told here. `oauth` is how tokens are bought
    where a connection has `client_id` and `client_secret`; `headers` then finds the token as
    `access_token`. `either` lists sets of settings of which one must be given whole. `subscription`
    looks whether webhooks are still sent, and renews them where it can. `address` names the setting
    that is itself where requests go, and as secret as a key: a request to it has the path "".
    `hosts` are where that may lie, `*` for any part of a name; none means anywhere outside the
    network. `pages` lists all records of a kind for an import, from a cursor; "" is the start.
    `since` is the cursor of `listing` that finds everything changed since a moment.
    """

    name: str
    title: str
    base_url: str
    settings: tuple[Setting, ...]
    limits: Limits
    buckets: Mapping[str, Limits] = field(default_factory=dict)
    verbs: Mapping[type[Command], Verb]
    headers: Headers
    explain: Explain
    probe: Probe
    signature: Scheme | None = None
    delivery_id: Callable[[Delivery], str] | None = None
    parse: Parse | None = None
    reads: Mapping[Kind, Read] = field(default_factory=dict)
    listing: List | None = None
    since: Callable[[Instant], str] | None = None
    pages: Mapping[Kind, Pages] = field(default_factory=dict)
    schema: Discover | None = None
    signing: tuple[str, ...] = ("webhook_secret",)
    address: str = ""
    hosts: tuple[str, ...] = ()
    timed: bool = True
    acknowledgement: Acknowledgement = Acknowledgement()
    channel: Channel | None = None
    notice: Notice | None = None
    oauth: OAuth | None = None
    either: tuple[tuple[str, ...], ...] = ()
    subscription: Subscribe | None = None

    @property
    def webhook_secrets(self) -> tuple[Setting, ...]:
        """The settings that hold webhook secrets."""
        return tuple(s for s in self.settings if s.name in self.signing)
