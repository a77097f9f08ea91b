"""Disclosure: what of a client's messages may stand on the CRM's timeline, by `logging`."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass

from tricord.core.account import Account
from tricord.core.billing import facts_of
from tricord.core.commands import SendMessage
from tricord.core.ids import Instant, Ref
from tricord.core.policy.conditions import ConditionUndecided
from tricord.core.policy.types import Policy
from tricord.core.records import Channel, Deal, Message
from tricord.core.templates import CONTENT_CLASS


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The policy's answers for one account. `classes` is what we wrote, by its content class."""

    account: Account
    policy: Policy
    classes: Mapping[Ref, str]

    @staticmethod
    def of(account: Account, policy: Policy) -> "Disclosure":
        classes = {
            effect.remote: CONTENT_CLASS.get(effect.command.template, "")
            for effect in account.effects.values()
            if isinstance(effect.command, SendMessage) and effect.remote is not None
        }
        return Disclosure(account, policy, classes)

    def is_logged(self, channel: Channel, other: str, at: Instant) -> bool:
        """Whether a message or call with `other`, an address or a number, is logged at all."""
        logging = self.policy.logging
        if at < self.policy.firm.go_live or channel.value not in logging.channels:
            return False
        whole = other.lower()
        return not any(
            fnmatch.fnmatchcase(part, never.lower())
            for never in logging.never
            for part in (whole, whole.rpartition("@")[2])
        )

    def is_withheld(self, deal: Ref | None, message: Message) -> bool:
        """Whether its words are kept back. Default deny: what cannot be answered is privileged.

        A message that belongs to no deal may be about any of them, so each of them is asked.
        """
        rule = self.policy.logging.privileged
        if rule is None or self.classes.get(message.ref) in rule.excepted:
            return False
        record = self.account.records.get(deal) if deal else None
        asked = (record,) if isinstance(record, Deal) else self.account.deals
        for one in asked:
            currency = one.currency or self.policy.firm.currency
            try:
                if rule.when.holds({"deal": facts_of(one, self.policy)}, currency):
                    return True
            except ConditionUndecided:
                return True
        return False

    def subject_of(self, deal: Ref | None, message: Message) -> str:
        """The subject; "" where a person wrote it and the words are withheld. Ours is known."""
        ours = message.ref in self.classes or message.about is not None
        return "" if not ours and self.is_withheld(deal, message) else message.subject
