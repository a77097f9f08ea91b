"""Mailboxes: the sender's way into a folder by IMAP; blocking, so in a thread.

A folder is opened for reading alone and mails are peeked at, so that nothing is marked as read.
What a look may cost is bounded: seconds, bytes in all, bytes of one mail.
"""

import base64
import contextlib
import imaplib
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS

from tricord.engine.connection import Connection
from tricord.sdk.errors import AccessLost, Refused, TricordError, TryAgain
from tricord.sdk.talk import FetchMail, Response

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
LOOK_SECONDS = 120.0
LARGEST_MAIL = 1024 * 1024
LARGEST_LOOK = 8 * 1024 * 1024
_LARGEST_TALK = 32 * 1024 * 1024
_WINDOW = 20_000
_WINDOWS = 50
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# RFC 5530: what a server means by its NO. Every other refusal of a login is about the login.
_PASSING = ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG")


# What the library raises where an answer is nothing that a server would say.
_AT_A_LOSS = (ValueError, LookupError, AssertionError, AttributeError, TypeError)


@dataclass(frozen=True, slots=True)
class _Folder:
    validity: int
    last: int
    """The highest number a mail may have now; 0 where the server does not tell."""


def fetch(connection: Connection, wire: FetchMail) -> Response:
    """One look into a folder. A folder that the server has not got is empty if it is a special one,
    such as \\Sent, and refused if it was named."""
    url = urlsplit(connection.access.text("url"))
    what = f"{connection.name}: {url.hostname}"
    try:
        with _opened(url.scheme, url.hostname or "", url.port, what) as client:
            _login(client, unquote(url.username or ""), unquote(url.password or ""),
                   connection.access.text("access_token"), what)  # fmt: skip
            name = _name_of(client, wire.folder)
            found = _look(client, name, wire, what) if name else _nothing(wire)
    except (OSError, IMAPClientAbortError) as error:
        raise TryAgain(f"{what}: {type(error).__name__} while reading") from error
    except (IMAPClientError, *_AT_A_LOSS) as error:
        raise TryAgain(f"{what}: an answer that is no IMAP ({type(error).__name__})") from error
    return Response(status=200, body=json.dumps(found).encode())


@dataclass(slots=True)
class _Meter:
    """What is left of one look: bytes to read, and time."""

    left: int
    until: float

    def count(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise imaplib.IMAP4.abort("more than was asked for")
        if time.monotonic() > self.until:
            raise imaplib.IMAP4.abort("too slow")


class _Metered(imaplib.IMAP4):
    """The two functions that imaplib's documentation lets one override, from the greeting on."""

    meter: _Meter

    def read(self, size: int) -> bytes:
        self.meter.count(size)
        return super().read(size)

    def readline(self) -> bytes:
        line = super().readline()
        self.meter.count(len(line))
        return line


class _Plain(_Metered, IMAP4WithTimeout):  # type: ignore[misc]  # imapclient carries no types
    def __init__(self, meter: _Meter, host: str, port: int) -> None:
        self.meter = meter
        super().__init__(host, port, CONNECT_SECONDS)


class _Secure(_Metered, IMAP4_TLS):  # type: ignore[misc]  # imapclient carries no types
    def __init__(self, meter: _Meter, host: str, port: int, context: ssl.SSLContext) -> None:
        self.meter = meter
        IMAP4_TLS.__init__(self, host, port, context, CONNECT_SECONDS)


class _Client(IMAPClient):  # type: ignore[misc]  # imapclient carries no types
    """An IMAP client that reads so many bytes and waits so long, whatever the server sends."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, *, secure: bool) -> None:
        timeout = SocketTimeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        super().__init__(host, port, ssl=secure, ssl_context=context, timeout=timeout)
        self.normalise_times = False

    def _create_IMAP4(self) -> imaplib.IMAP4:
        meter = _Meter(left=_LARGEST_TALK, until=time.monotonic() + LOOK_SECONDS)
        if self.ssl:
            return _Secure(meter, self.host, self.port, self.ssl_context)
        return _Plain(meter, self.host, self.port)


@contextlib.contextmanager
def _opened(scheme: str, host: str, port: int | None, what: str) -> Iterator[IMAPClient]:
    secure = scheme == "imaps"
    context = ssl.create_default_context()
    try:
        client = _Client(host, port or (993 if secure else 143), context, secure=secure)
    except (OSError, IMAPClientError) as error:
        raise TryAgain(f"{what}: cannot connect ({type(error).__name__})") from error
    with client:
        if not secure:
            _encrypt(client, host, context, what)
        yield client


def _encrypt(client: IMAPClient, host: str, context: ssl.SSLContext, what: str) -> None:
    """STARTTLS where it is offered. Only this machine is spoken to without."""
    if client.has_capability("STARTTLS"):
        client.starttls(context)
    elif host not in _LOOPBACK:
        raise AccessLost(f"{what}: the server offers no encryption; the password stays here")


def _login(client: IMAPClient, user: str, password: str, token: str, what: str) -> None:
    """By password, or by an OAuth token where the connection holds one (XOAUTH2)."""
    try:
        if token:
            client.oauth2_login(user, token)
        else:
            client.login(user, password)
    except CapabilityError as error:
        raise AccessLost(f"{what}: the server offers no way to log in") from error
    except IMAPClientAbortError:
        raise
    except IMAPClientError as error:
        if isinstance(error.__context__, IMAPClientAbortError):
            raise TryAgain(f"{what}: the connection broke at the login") from error
        raise _refused(str(error), f"{what}: the login was refused") from error


def _refused(told: str, words: str) -> TricordError:
    passing = any(f"[{code}]" in told.upper() for code in _PASSING)
    return TryAgain(words) if passing else AccessLost(words)


def _name_of(client: IMAPClient, folder: str) -> str:
    """A folder by name, or by its special use (RFC 6154); "" when none has that use."""
    if not folder.startswith("\\"):
        return folder
    wanted = folder.lower().encode()
    for flags, _, name in client.list_folders():
        if wanted in [flag.lower() for flag in flags]:
            return str(name)
    return ""


def _look(client: IMAPClient, name: str, wire: FetchMail, what: str) -> dict[str, Any]:
    folder = _examined(client, name, what)
    after = wire.after if folder.validity == wire.validity else 0
    if wire.limit <= 0:
        return _told(folder.validity, after, [], more=False)
    numbers, through = _numbers(client, folder, after, wire.since)
    wanted = numbers[: wire.limit]
    mails: list[dict[str, Any]] = []
    size = 0
    for number in wanted:
        if size > LARGEST_LOOK:
            break
        mail = _mail(client, number)
        through_now = number
        if mail is not None:
            size += len(mail["raw"])
            mails.append(mail)
        after = through_now
    rest = len(numbers) > 0 and after < numbers[-1]
    if rest:
        return _told(folder.validity, after, mails, more=True)
    return _told(folder.validity, max(after, through), mails, more=through < folder.last)


def _examined(client: IMAPClient, name: str, what: str) -> _Folder:
    try:
        told = client.select_folder(name, readonly=True)
    except IMAPClientAbortError:
        raise
    except IMAPClientError as error:
        raise Refused(f"{what}: there is no such folder as the connection names") from error
    last = int(told.get(b"UIDNEXT", 0)) - 1
    return _Folder(int(told.get(b"UIDVALIDITY", 0)), max(last, 0))


def _numbers(client: IMAPClient, folder: _Folder, after: int, since: str) -> tuple[list[int], int]:
    """The mails after `after`, in order, and up to which number was looked.

    Numbers are asked for in windows, because the answer to `1:*` of a large mailbox is one endless
    line. `n:*` names the newest mail even where it is older than n, so older ones are left out.
    """
    day: list[Any] = ["SINCE", date.fromisoformat(since)] if since else []
    if not folder.last:
        found = sorted(n for n in client.search(["UID", f"{after + 1}:*", *day]) if n > after)
        return found, found[-1] if found else after
    start = after
    for _ in range(_WINDOWS):
        if start >= folder.last:
            return [], start
        end = min(start + _WINDOW, folder.last)
        found = [n for n in client.search(["UID", f"{start + 1}:{end}", *day]) if start < n <= end]
        if found:
            return sorted(found), end
        start = end
    return [], start


def _mail(client: IMAPClient, number: int) -> dict[str, Any] | None:
    """One mail, cut where it is too large; None when it was taken away meanwhile.

    One that is there and that the server cannot give is told as empty, so that it is not lost.
    """
    wanted = ["INTERNALDATE", "RFC822.SIZE", f"BODY.PEEK[]<0.{LARGEST_MAIL}>"]
    told = client.fetch([number], wanted).get(number)
    if told is None:
        return None
    raw = told.get(b"BODY[]<0>") or b""
    arrived = told.get(b"INTERNALDATE")
    return {
        "uid": number,
        "raw": base64.b64encode(raw[:LARGEST_MAIL]).decode(),
        "internal_date": arrived.astimezone(UTC).isoformat()
        if isinstance(arrived, datetime)
        else "",
        "size": int(told.get(b"RFC822.SIZE", len(raw))),
    }


def _nothing(wire: FetchMail) -> dict[str, Any]:
    return _told(wire.validity, wire.after, [], more=False)


def _told(
    validity: int, through: int, mails: list[dict[str, Any]], *, more: bool
) -> dict[str, Any]:
    return {"validity": validity, "through": through, "more": more, "mails": mails}
