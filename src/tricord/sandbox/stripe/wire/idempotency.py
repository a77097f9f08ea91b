"""Idempotency keys: the first answer kept for a day and given again."""

from dataclasses import dataclass, field

from tricord.sandbox.stripe.errors import StripeRefusal
from tricord.sandbox.stripe.kinds import Json

KEPT_SECONDS = 24 * 3600
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Asked:
    """What a key was first used for."""

    path: str
    params: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to give again."""

    status: int
    body: Json
    request_id: str


@dataclass(slots=True)
class _Entry:
    asked: Asked
    at: float
    answer: Answered | None = None


@dataclass(slots=True)
class Keys:
    """Every key in use. An entry without an answer belongs to a request still running."""

    entries: dict[str, _Entry] = field(default_factory=dict)

    def begin(self, key: str, asked: Asked, now: float) -> Answered | None:
        """Claim `key`, or return the answer it already has."""
        if len(key) > LONGEST:
            message = f"Idempotency keys can be at most {LONGEST} characters long."
            raise StripeRefusal(400, message, kind="idempotency_error", executed=False)
        entry = self.entries.get(key)
        if entry is None or (entry.answer is not None and entry.at + KEPT_SECONDS <= now):
            self.entries[key] = _Entry(asked, now)
            return None
        if entry.asked != asked:
            raise _reused(key, entry.asked, asked)
        if entry.answer is None:
            raise StripeRefusal(
                409,
                "There is currently another in-progress request using this Idempotent Key (that "
                "probably means you submitted twice, and the other request is still going "
                f"through): {key}. Please try again later.",
                kind="idempotency_error",
                code="idempotency_key_in_use",
                executed=False,
            )
        return entry.answer

    def keep(self, key: str, answer: Answered) -> None:
        self.entries[key].answer = answer

    def release(self, key: str) -> None:
        """Forget a request that never executed, so that the key can be used again."""
        entry = self.entries.get(key)
        if entry is not None and entry.answer is None:
            del self.entries[key]


def _reused(key: str, first: Asked, now: Asked) -> StripeRefusal:
    what = (
        "with the same parameters they were first used with"
        if first.path == now.path
        else f"for the same endpoint they were first used for ('{first.path}')"
    )
    return StripeRefusal(
        400,
        f"Keys for idempotent requests can only be used {what}. Try using a key other than "
        f"'{key}' if you meant to execute a different request.",
        kind="idempotency_error",
        executed=False,
    )
