"""Consent: who does not want to be reached on a channel, and on what that rests. Pure.

Nothing is stored: it follows from what was said and refused, so it is the same after a replay. The
latest word counts. By 47 CFR 64.1200(a)(10) a stop by any reasonable wording must be obeyed; here
stand the words that need no judgement, and every other wording is read elsewhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from unicodedata import combining, normalize

from tricord.core.account import Account
from tricord.core.commands import EffectState, SendMessage
from tricord.core.ids import Instant
from tricord.core.records import Channel, Direction

OPTED_OUT = "the recipient has opted out of text messages"
"""Why a text message is kept back, and by what words a vendor's refusal of one is known."""

_STRONG = frozenset({"stop", "stopall", "unsubscribe", "optout", "revoke", "arret"})
_WEAK = frozenset({"cancel", "end", "quit"})
_START = frozenset({"start", "unstop", "yes"})
_VISITS = frozenset({"by", "in", "over", "at", "off", "into"})
_PLEAS = frozenset(
    {"all", "any", "anymore", "from", "it", "me", "message", "messages", "messaging", "my", "now",
     "of", "please", "pls", "receiving", "sending", "sms", "subscription", "text", "texting",
     "texts", "thank", "thanks", "the", "these", "this", "to", "you", "your"}
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Since when nothing may be sent, and the ground: `word`, `refusal` or `failure`."""

    basis: str
    at: Instant


def opted_out(account: Account, channel: Channel, address: str) -> OptOut | None:
    """Why `address` must not be written to on `channel`; None when nothing speaks against it.

    An undated stop counts as said just now, and an undated start as said long ago.
    """
    if channel is not Channel.SMS:
        return None
    latest = max(_said(account, _plain(address)), default=None)
    if latest is None or not latest[1]:
        return None
    return OptOut(basis=latest[1], at=latest[0])


def is_stop(text: str) -> bool:
    """Whether a text message asks for no more.

    The first word decides. `stop`, `unsubscribe` and their like count whatever follows, unless
    somebody says that he stops by. `cancel`, `end` and `quit` begin ordinary sentences as well, so
    they count alone, or with nothing behind them but a plea such as "all messages please".
    """
    words = _words(text)
    if words[:2] == ["opt", "out"]:
        return True
    if not words:
        return False
    first, rest = words[0], words[1:]
    if first in _STRONG:
        return not (first == "stop" and rest and rest[0] in _VISITS)
    return first in _WEAK and _PLEAS.issuperset(rest)


def is_start(text: str) -> bool:
    """Whether a text message asks to be written to again: one of the words, alone."""
    words = _words(text)
    return len(words) == 1 and words[0] in _START


def _said(account: Account, address: str) -> Iterator[tuple[Instant, str]]:
    """When something was said or refused, and the ground of an opt-out; "" for a start."""
    for message in account.messages:
        if message.channel is not Channel.SMS or _plain(message.other) != address:
            continue
        if message.direction is Direction.IN and is_stop(message.body):
            # Undated: no start that has a date may overrule it.
            yield message.sent_at or _latest(account), "word"
        elif message.direction is Direction.IN and is_start(message.body):
            yield message.sent_at or _ALWAYS, ""
        elif message.undelivered and message.undelivered.opted_out:
            yield message.sent_at or _ALWAYS, "failure"
    for effect in account.effects.values():
        command = effect.command
        if not isinstance(command, SendMessage) or command.channel is not Channel.SMS:
            continue
        refused = effect.state is EffectState.REFUSED and OPTED_OUT in effect.problem
        if refused and _plain(command.recipient) == address:
            yield effect.ended_at or effect.planned_at, "refusal"


def _latest(account: Account) -> Instant:
    return max((m.sent_at for m in account.messages if m.sent_at), default=_ALWAYS)


def _words(text: str) -> list[str]:
    """Small letters without accents or signs: "Opt-out!" gives opt, out."""
    letters = normalize("NFKD", text.casefold())
    return _WORD.findall("".join(c for c in letters if not combining(c)).replace("'", ""))


def _plain(address: str) -> str:
    return "".join(c for c in address if c.isdigit() or c == "+")
