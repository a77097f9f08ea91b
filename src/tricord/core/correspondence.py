"""Correspondence in words: how a message or a call is told of on a timeline."""

from tricord.core.records import Call, CallStatus, Channel, Direction, Message, Nature

_WENT = {
    (Direction.IN, True): "Call from",
    (Direction.IN, False): "Missed call from",
    (Direction.OUT, True): "Call to",
    (Direction.OUT, False): "Nobody answered the call to",
}


def told_of(message: Message, subject: str) -> tuple[str, str, str]:
    """Title, detail and state of a message for the account's story. `subject` may be withheld."""
    mail = message.channel is Channel.EMAIL
    what = (f"“{subject}”" if subject else "An e-mail") if mail else "A text message"
    if message.undelivered is not None:
        whom, code = message.undelivered.recipient, message.undelivered.code
        words = f"{'A mail' if mail else what} to {whom or 'the client'} did not arrive"
        return words, f"status {code}" if code else "", "bounced"
    if message.direction is Direction.OUT:
        return f"{what} was sent", f"to {message.recipient}" if message.recipient else "", "sent"
    if message.nature is Nature.AUTOMATIC:
        return f"{message.sender} answered automatically", subject, "automatic"
    return f"{what} came in", f"from {message.sender}", "received"


def titled(message: Message) -> str:
    """A title for a message without a subject, or with one that is withheld."""
    what = "E-mail" if message.channel is Channel.EMAIL else "Text message"
    return f"{what} {'from' if message.direction is Direction.IN else 'to'} {message.other}"


def went(call: Call) -> str:
    """How a call went: with whom, and whether anybody answered."""
    return f"{_WENT[call.direction, _answered(call)]} {call.other or 'a withheld number'}"


def lasted(call: Call) -> str:
    """How long they talked, and what was recorded; "" for a call that nobody answered."""
    minutes, seconds = divmod(call.seconds, 60)
    told = [f"They talked for {minutes} min {seconds} s."] if call.seconds else []
    told += [f"{len(call.recordings)} recorded at the telephone system."] if call.recordings else []
    return "\n".join(told)


def _answered(call: Call) -> bool:
    return call.status not in (CallStatus.MISSED, CallStatus.FAILED)
