"""The faults of a mail conversation, each at the command where a mail server shows it."""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tricord.sandbox.faults.fault import CALL_FAULTS, FaultKind
from tricord.sandbox.faults.faults import Faults, Strike

KINDS = CALL_FAULTS | {FaultKind.GREYLISTED}

WORDS = {
    421: "421 4.3.2 Service not available, closing the connection",
    450: "450 4.2.0 Mailbox unavailable, try again later",
    451: "451 4.3.0 Temporary failure, please try again later",
    452: "452 4.3.1 Insufficient system storage",
    550: "550 5.7.1 Message refused",
    552: "552 5.2.2 Mailbox full",
    554: "554 5.3.0 Transaction failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOfData:
    """What happens to a mail once its last byte has come; it is kept despite a `late_answer`."""

    answer: str | None = None
    cut_before: bool = False
    cut_after: bool = False
    late_answer: str | None = None


class Troubles:
    """CONNECT: down. AUTH: access lost. MAIL: rate. RCPT: greylisting. DATA: all the rest."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._seen: dict[tuple[str, str], datetime] = {}
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Lets no conversation wait any longer."""
        self._closing.set()

    def down(self) -> Strike | None:
        return self._faults.strike(FaultKind.DOWN, "CONNECT", "")

    def refuse_login(self, user: str) -> bool:
        for kind in (FaultKind.REVOKED_ACCESS, FaultKind.EXPIRED_TOKEN):
            if self._faults.strike(kind, "AUTH", user):
                return True
        return False

    def limit(self, sender: str) -> str | None:
        if self._faults.strike(FaultKind.RATE_LIMITED, "MAIL", sender):
            return "421 4.7.0 Too many messages from this sender, try again later"
        return None

    def greylist(self, sender: str, recipient: str) -> str | None:
        """Refuses a pair once, and takes it from then on, or from so many seconds on."""
        pair = sender.lower(), recipient.lower()
        now, since = self._faults.clock(), self._seen.get(pair)
        if since is not None and now >= since:
            return None
        strike = self._faults.strike(FaultKind.GREYLISTED, "RCPT", recipient)
        if strike is None:
            return None
        self._seen.setdefault(pair, now + timedelta(seconds=strike.fault.seconds or 0.0))
        return "451 4.7.1 Greylisted, please try again later"

    async def at_end_of_data(self, recipients: Iterable[str]) -> EndOfData:
        to = ", ".join(recipients)
        if strike := self._strike(FaultKind.SLOW, to):
            await self._pause(strike)
        if strike := self._strike(FaultKind.TIMEOUT_BEFORE_ACTING, to):
            await self._pause(strike)
            return EndOfData(cut_before=True)
        failing = self._strike(FaultKind.SERVER_ERROR, to)
        words = _words(failing) if failing else None
        if failing is not None and not failing.fault.acts:
            return EndOfData(answer=words)
        if strike := self._strike(FaultKind.TIMEOUT_AFTER_ACTING, to):
            await self._pause(strike)
            return EndOfData(cut_after=True)
        return EndOfData(late_answer=words)

    def _strike(self, kind: FaultKind, to: str) -> Strike | None:
        return self._faults.strike(kind, "DATA", to)

    async def _pause(self, strike: Strike) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(strike.fault.seconds or 0.0):
                await self._closing.wait()


def _words(strike: Strike) -> str:
    status = strike.fault.status or 451
    return WORDS.get(status) or f"{status} {status // 100}.0.0 Refused by the sandbox"
