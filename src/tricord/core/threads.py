"""Threads: which messages are one and the same, what a message answers, and what it is about."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tricord.core.ids import Ref
from tricord.core.records import Direction, Message, Nature


def name_of(message: Message) -> str:
    """One name for a message in whatever mailbox it lies: made from its sender's own name for it.

    The sender counts too: a stranger may give a mail the name of another, and must not pass for it.
    """
    if not message.message_id:
        return str(message.ref)
    given = f"{message.message_id}|{message.sender.lower()}"
    return hashlib.sha256(given.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Threads:
    """The messages of one account, each once, and found by the names that others call them by.

    Of several copies the one that says most counts, the same in any order: what we sent ourselves
    knows what it is about; its copy in a folder of sent mails does not, and looks automatic there.
    """

    messages: tuple[Message, ...]
    by_id: Mapping[str, Message]

    @staticmethod
    def of(messages: Iterable[Message]) -> "Threads":
        best: dict[str, Message] = {}
        by_id: dict[str, Message] = {}
        for message in sorted(messages, key=_telling):
            best.setdefault(name_of(message), message)
            if message.message_id:
                by_id.setdefault(message.message_id, message)
        return Threads(tuple(best[name] for name in sorted(best)), by_id)

    def answered_by(self, message: Message) -> Message | None:
        """The nearest message that this one answers: its references from the last one back."""
        known = (self.by_id.get(one) for one in reversed(message.references))
        return next((one for one in known if one is not None), None)

    def matter_of(self, message: Message) -> Ref | None:
        """The record a message is about: its own, else that of what it answers, and so on back."""
        seen: set[str] = set()
        at: Message | None = message
        while at is not None and at.about is None and at.message_id not in seen:
            seen.add(at.message_id)
            at = self.answered_by(at)
        return at.about if at else None

    def failed_by(self, report: Message) -> Message | None:
        """The message of ours that a report of failure is about; None for one we never sent."""
        if report.direction is Direction.OUT:
            return report
        named = report.undelivered.message_id if report.undelivered else ""
        found = self.by_id.get(named)
        return found if found and found.direction is Direction.OUT else None


def _telling(message: Message) -> tuple[bool, bool, Ref]:
    return message.about is None, message.nature is not Nature.WRITTEN, message.ref
