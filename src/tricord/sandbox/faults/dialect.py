"""How a vendor says that something went wrong: its own answers, or plain ones by default."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tricord.sandbox.faults.fault import CALL_FAULTS, WEBHOOK_FAULTS, FaultKind
from tricord.sandbox.faults.faults import Strike


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the caller gets instead of the vendor's usual answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A call that met a fault. `headers` have names in lower case; `id` is unique to the strike."""

    strike: Strike
    method: str
    path: str
    headers: Mapping[str, str]
    now: datetime

    @property
    def kind(self) -> FaultKind:
        return self.strike.fault.kind

    @property
    def id(self) -> str:
        """32 hex digits, for the ids that vendors put into their answers."""
        return f"fa017{self.strike.number:027x}"

    @property
    def seconds(self) -> float | None:
        return self.strike.fault.seconds

    @property
    def status(self) -> int:
        """What a server error says."""
        return self.strike.fault.status or 500


def json_answer(status: int, body: Any, **headers: str) -> Answer:
    """Names of headers are written with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = {"Content-Type": "application/json;charset=utf-8"}
    return Answer(status=status, body=json.dumps(body).encode(), headers=kind | named)


def retry_after(struck: Struck) -> dict[str, str]:
    """`Retry-After` where the plan says how long, in whole seconds as the standard has it."""
    if struck.seconds is None:
        return {}
    return {"Retry_After": str(round(struck.seconds))}


def plain(struck: Struck) -> Answer:
    """For a vendor whose words are not known: the status that HTTP has for it."""
    match struck.kind:
        case FaultKind.RATE_LIMITED:
            return json_answer(429, {"error": "too many requests"}, **retry_after(struck))
        case FaultKind.EXPIRED_TOKEN:
            body = {"error": "invalid_token", "error_description": "the token has expired"}
            challenge = 'Bearer error="invalid_token"'
            return json_answer(401, body, WWW_Authenticate=challenge)
        case FaultKind.REVOKED_ACCESS:
            return json_answer(403, {"error": "access was revoked"})
        case FaultKind.DOWN:
            return json_answer(struck.strike.fault.status or 503, {"error": "down"})
        case _:
            return json_answer(struck.status, {"error": "something went wrong"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a vendor can suffer, and how it says so.

    `api` are the beginnings of the paths that belong to its interface: only those are struck, never
    the pages for people. `words` returns None where the plain answer will do.
    """

    kinds: frozenset[FaultKind] = CALL_FAULTS | WEBHOOK_FAULTS
    api: tuple[str, ...] = ("/",)
    words: Callable[[Struck], Answer | None] = plain

    def has(self, path: str) -> bool:
        if path == "/" or path.startswith("/_sandbox/"):
            return False
        return path.startswith(self.api)

    def answer(self, struck: Struck) -> Answer:
        return self.words(struck) or plain(struck)
