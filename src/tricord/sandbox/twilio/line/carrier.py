"""The carriers: who has opted out of which number, and which phones cannot be reached."""

from dataclasses import dataclass, field

STOP_WORDS = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
)
START_WORDS = frozenset({"start", "yes", "unstop"})
HELP_WORDS = frozenset({"help", "info"})
REPLIES = {
    "stop": "You will get no more messages from this number. Reply START to get them again.",
    "start": "You will get messages from this number again. Reply STOP to end them.",
    "help": "Reply STOP to get no more messages. Message and data rates may apply.",
}

# What Twilio's documents promise of its test numbers, at twilio.com/docs/iam/test-credentials.
INVALID, UNROUTABLE, FOREIGN, OPTED_OUT, LANDLINE = (
    "+15005550001", "+15005550002", "+15005550003", "+15005550004", "+15005550009",
)  # fmt: skip
ERROR_WORDS = {
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Carrier violation",
    30008: "Unknown error",
}


@dataclass(slots=True)
class Phone:
    """How a client's phone behaves. `error_code` is what messages to it end with, 0 for none.

    `answers` is what a call to it comes to: `completed`, `busy`, `no-answer` or `failed`.
    """

    error_code: int = 0
    landline: bool = False
    answers: str = "completed"


@dataclass(slots=True)
class Carrier:
    phones: dict[str, Phone] = field(default_factory=dict)
    opted_out: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of our sender and the client's number: an opt-out is from one sender alone."""

    def phone(self, number: str) -> Phone:
        return self.phones.get(number) or Phone(landline=number == LANDLINE)

    def blocks(self, sender: str, number: str) -> bool:
        return number == OPTED_OUT or (sender, number) in self.opted_out

    def hear(self, sender: str, number: str, text: str) -> str:
        """Takes in what a client texts; the automatic reply, "" for an ordinary message.

        One word alone counts, in any case; anything more is an ordinary message.
        """
        word = text.strip().lower()
        if word in STOP_WORDS:
            self.opted_out.add((sender, number))
            return REPLIES["stop"]
        if (sender, number) in self.opted_out:
            if word not in START_WORDS:
                return ""
            self.opted_out.discard((sender, number))
            return REPLIES["start"]
        return REPLIES["help"] if word in HELP_WORDS else ""
