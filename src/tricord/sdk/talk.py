"""Talks: a connector's conversation with a vendor, written as a generator. No I/O in it.

A talk yields requests and receives responses; the engine owns the one sender. A talk may be
replayed from its first line, so every write carries a key, or is looked for before it is repeated.
"""

import json
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from tricord.core.ids import Ref
from tricord.core.records import Record
from tricord.sdk.errors import AccessLost, Refused, TricordError, TryAgain
from tricord.sdk.reader import Reader

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request within the connection's host: `path` is absolute, without scheme or host.

    The path "" is the connection's own address, where a setting holds that (Connector.address).

    `writes` says whether it may change something at the vendor: then a lost answer leaves the
    outcome unknown. `fresh_for` lets the sender answer a read from memory for that many seconds.
    `expected` statuses come back to the talk; all others are raised as errors.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    writes: bool = False
    fresh_for: float = 0.0
    bucket: str = "default"
    expected: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message to hand to a mail server: the envelope and the bytes, ready to send.

    `envelope_id` comes back in a report of its failure (RFC 3461), which is asked for where the
    server can; "" asks for none.
    """

    sender: str
    recipient: str
    content: bytes
    envelope_id: str = ""
    writes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def read(self) -> Reader:
        return Reader.of(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command was carried out. `seen` are records the vendor showed on the way."""

    remote: Ref | None = None
    seen: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Record `ref` changed at the vendor: read it. `version` lets a known one be skipped.

    `change` is (property, value) when the vendor told them, by which our own writes are known.
    """

    ref: Ref
    version: int | None = None
    change: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """An event found by a poll, as it would have arrived by webhook. `id` as in a delivery.

    `version` is when it happened, in milliseconds since 1970; None where the vendor does not tell.
    """

    id: str
    body: bytes
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """One step of a poll: what changed, the cursor to go on from, and whether there is more."""

    cursor: str
    hints: tuple[Hint, ...] = ()
    missed: tuple[Missed, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Open the mail server, log in and leave: a harmless proof that the credentials work."""

    writes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchMail:
    """Read a mailbox folder on from where the last look ended, without marking anything as read.

    `folder` is a name, or a special use such as `\\Sent` (RFC 6154). `validity` and `after` are its
    UIDVALIDITY and the last UID seen (RFC 9051, 2.3.1.1), 0 and 0 at first; when the server's
    UIDVALIDITY differs, it is read from its start. The answer's body is JSON: {"validity",
    "through", "more", "mails": [{"uid", "raw", "internal_date", "size"}]}, at most `limit` mails;
    `through` is the UID to go on after, `raw` is base64 and may be cut, `size` is the whole one's.
    `since` leaves out what arrived before that day, as a date `2026-11-01`.
    """

    folder: str = "INBOX"
    validity: int = 0
    after: int = 0
    limit: int = 50
    since: str = ""
    writes: bool = False


Wire = Request | Mail | Hello | FetchMail
Talk = Generator[Wire, Response, Done]
Reading = Generator[Wire, Response, tuple[Record, ...]]
Listing = Generator[Wire, Response, Changes]


def get(
    path: str,
    query: Sequence[tuple[str, str]] = (),
    *,
    fresh_for: float = 0.0,
    bucket: str = "default",
    expected: tuple[int, ...] = (),
) -> Request:
    full = f"{path}?{urlencode(query)}" if query else path
    return Request(method="GET", path=full, fresh_for=fresh_for, bucket=bucket, expected=expected)


def post_json(
    path: str,
    value: object,
    *,
    method: str = "POST",
    writes: bool = True,
    bucket: str = "default",
    expected: tuple[int, ...] = (),
) -> Request:
    """A JSON request. `writes=False` for a search that is a POST by form only."""
    return Request(
        method=method,
        path=path,
        headers=(("Content-Type", "application/json"),),
        body=json.dumps(value, separators=(",", ":")).encode(),
        writes=writes,
        bucket=bucket,
        expected=expected,
    )


def post_form(
    path: str,
    pairs: Sequence[tuple[str, str]],
    *,
    key: str,
    expected: tuple[int, ...] = (),
) -> Request:
    """A form request that carries an idempotency key of its own."""
    return Request(
        method="POST",
        path=path,
        headers=(
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Idempotency-Key", key),
        ),
        body=urlencode(pairs).encode(),
        writes=True,
        expected=expected,
    )


def segment(text: str) -> str:
    """One path segment, with everything that could leave it escaped.

    Raises Refused for a text that is none: dots have no escape that a server keeps.
    """
    if text in ("", ".", ".."):
        raise Refused("an id that cannot stand in a path")
    return quote(text, safe="", errors="replace")


def error_of(response: Response, detail: str) -> TricordError:
    """The plan for an HTTP status, by what the statuses mean everywhere.

    `detail` names what was asked; it must hold no secret and no personal data.
    """
    status = response.status
    words = f"{detail}: HTTP {status}"
    if status == 401 or status == 403:
        return AccessLost(words)
    if status in (408, 423, 425, 429) or status >= 500:
        wait = _seconds(response.headers.get("retry-after"))
        return TryAgain(words, retry_after=wait, limited=status < 500 and status != 408)
    return Refused(words)


def _seconds(text: str | None) -> float | None:
    """Whole or decimal seconds; a date, or a number that is none, counts as not told."""
    if text is None or not _SECONDS.fullmatch(text):
        return None
    return float(text)
