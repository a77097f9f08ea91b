"""Unreachable addresses: where our messages fail for good, until the address is corrected.

A report of failure comes from anybody. One that names a message we did not send proves nothing, so
it may tell a person something and stops no message.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tricord.core.account import Account
from tricord.core.ids import Instant
from tricord.core.records import Direction, Message, Nature
from tricord.core.threads import Threads

# RFC 3463: what went wrong with this one message, and not with the address.
_OF_THE_MESSAGE = ("5.2.2", "5.2.3", "5.3.4")
_MEANINGS = (
    ("5.1", "there is no such address"),
    ("5.2.1", "the mailbox is closed"),
    ("5.2.2", "the mailbox is full"),
    ("5.4", "the server of this address is not to be found"),
    ("5.7", "the other server does not accept it"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One message that did not arrive. `original` is None when it is not known to be ours."""

    report: Message
    original: Message | None
    address: str
    at: Instant

    @property
    def code(self) -> str:
        return self.report.undelivered.code if self.report.undelivered else ""

    @property
    def stops_others(self) -> bool:
        """Whether the next message to this address would fail as well."""
        passing = self.code.startswith("4.") or self.code in _OF_THE_MESSAGE
        return self.original is not None and not passing

    @property
    def meaning(self) -> str:
        told = next((words for start, words in _MEANINGS if self.code.startswith(start)), "")
        return told or "it could not be delivered"


def failures(account: Account) -> Iterator[Failure]:
    """What still counts, oldest first. Who writes from an address can be reached there."""
    threads, heard = Threads.of(account.messages), _last_heard(account)
    found = [_failure(threads, message) for message in account.messages]
    told = [f for f in found if f and not (f.address in heard and heard[f.address] > f.at)]
    yield from sorted(told, key=lambda one: (one.at, one.report.ref))


def failing_at(account: Account, address: str) -> Failure | None:
    """Why a message to this address would not arrive; None when nothing speaks against it."""
    wanted = address.lower()
    return next((f for f in failures(account) if f.stops_others and f.address == wanted), None)


def is_in_use(account: Account, address: str) -> bool:
    """Whether anybody of this client is still known under the address."""
    emails = [one.email.lower() for one in account.contacts]
    emails += [one.email.lower() for one in account.customers]
    phones = [_digits(contact.phone) for contact in account.contacts]
    return address in emails or (_digits(address) in phones and bool(_digits(address)))


def masked(address: str) -> str:
    """Enough of an address to know it by, for a title that many may read."""
    local, at, domain = address.partition("@")
    if at:
        return f"{local[:1]}***@{domain}"
    return f"***{address[-2:]}"


def _failure(threads: Threads, message: Message) -> Failure | None:
    told = message.undelivered
    if told is None or not told.permanent or told.opted_out or message.sent_at is None:
        return None
    original = threads.failed_by(message)
    address = original.recipient if original else told.recipient
    return Failure(report=message, original=original, address=address.lower(), at=message.sent_at)


def _last_heard(account: Account) -> Mapping[str, Instant]:
    """When each address last wrote by itself."""
    heard: dict[str, Instant] = {}
    for message in account.messages:
        if message.direction is Direction.IN and message.nature is Nature.WRITTEN:
            at, sender = message.sent_at, message.sender.lower()
            if at is not None and at >= heard.get(sender, at):
                heard[sender] = at
    return heard


def _digits(text: str) -> str:
    return "" if "@" in text else "".join(c for c in text if c.isdigit())
