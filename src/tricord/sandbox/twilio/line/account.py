"""One Twilio account: its credentials, its numbers, and everything that happened on them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tricord.sandbox.twilio.line.agenda import Agenda
from tricord.sandbox.twilio.line.carrier import Carrier
from tricord.sandbox.twilio.line.hooks import Hooks
from tricord.sandbox.twilio.line.records import Call, Message, Number, Recording
from tricord.sandbox.twilio.line.values import sid

API_VERSION = "2010-04-01"
FIRST_NUMBER = "+15550100"


@dataclass(slots=True, kw_only=True)
class Account:
    """`step_seconds` is how long each move of a message or call takes."""

    clock: Callable[[], datetime]
    dice: random.Random
    hooks: Hooks
    sid: str
    auth_token: str
    api_keys: dict[str, str]
    messaging_service_sid: str
    step_seconds: float = 0.1
    agenda: Agenda = field(default_factory=Agenda)
    carrier: Carrier = field(default_factory=Carrier)
    numbers: dict[str, Number] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    recordings: dict[str, Recording] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.clock()

    def new_sid(self, prefix: str) -> str:
        return sid(prefix, self.dice)

    def number(self, phone_number: str) -> Number | None:
        """One of ours, by its digits."""
        found = (one for one in self.numbers.values() if one.phone_number == phone_number)
        return next(found, None)

    def pass_time(self) -> None:
        self.agenda.pass_time(self.now())

    def buy_number(self, phone_number: str) -> Number:
        now = self.now()
        number = Number(
            sid=self.new_sid("PN"),
            phone_number=phone_number,
            friendly_name=phone_number,
            created_at=now,
            updated_at=now,
        )
        self.numbers[number.sid] = number
        return number
