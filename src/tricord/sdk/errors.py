"""What can go wrong with a vendor, and what happens next. Each docstring is what a person reads.

TricordError            next_step
├─ TryAgain             retry      busy, slow, limited; may carry retry_after
├─ OutcomeUnknown       look       sent, but no answer: it may have happened
├─ AccessLost           ask owner  key or consent is gone
├─ Refused              park       the vendor will never do this as asked
├─ PayloadMalformed     park       we cannot read what the vendor said; the raw bytes are kept
└─ SignatureInvalid     drop       we cannot tell who said it

Details name a path or a status, never a secret and never a body.
"""

from enum import StrEnum


class NextStep(StrEnum):
    RETRY = "retry"
    LOOK = "look"
    ASK_OWNER = "ask_owner"
    PARK = "park"
    DROP = "drop"


class TricordError(Exception):
    """Something went wrong in a way Tricord has a plan for."""

    next_step: NextStep

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class TryAgain(TricordError):
    """The vendor is busy, slow or limiting us. Tricord tries again by itself."""

    next_step = NextStep.RETRY

    def __init__(
        self, detail: str, retry_after: float | None = None, *, limited: bool = False
    ) -> None:
        """`retry_after` is in seconds, as the vendor asked for it; None when it did not.

        `limited` says that the vendor is well and only asks us to slow down.
        """
        super().__init__(detail)
        self.retry_after = retry_after
        self.limited = limited


class OutcomeUnknown(TricordError):
    """The request was sent and no answer came: it may have been done. It is looked up first."""

    next_step = NextStep.LOOK


class AccessLost(TricordError):
    """The vendor no longer accepts our key or consent. The connection's owner must renew it."""

    next_step = NextStep.ASK_OWNER


class Refused(TricordError):
    """The vendor will never do this as it was asked. A person decides what to change."""

    next_step = NextStep.PARK


class PayloadMalformed(TricordError):
    """The vendor said something we cannot read. The raw bytes are kept for a person to look at."""

    next_step = NextStep.PARK


class SignatureInvalid(TricordError):
    """We cannot tell who sent this. Nothing of it reaches an account."""

    next_step = NextStep.DROP
