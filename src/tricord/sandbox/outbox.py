"""Webhooks a sandbox vendor has to deliver: queued, sent in the background, retried, listed."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from tricord.sandbox.faults.fault import FaultKind, Shows
from tricord.sandbox.faults.faults import Faults, Strike

# How long a webhook that is to be overtaken waits for the next one before it goes all the same.
LONGEST_WAIT_SECONDS = 5.0
RETRY_AFTER_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)


@dataclass(slots=True, kw_only=True)
class Parcel:
    """One webhook request. `sign` makes the headers at each attempt, as vendors do.

    It is held back until `held_until`, by the vendor's clock; until the parcel it is `behind` was
    tried; and until another one has come to overtake it, but not longer than `overtaken_by`.
    """

    id: int
    url: str
    body: bytes
    sign: Callable[[bytes, str], dict[str, str]]
    about: str
    attempts: int = 0
    status: int | None = None
    done: bool = False
    due: float = 0.0
    tried: bool = False
    held_until: datetime | None = None
    behind: "Parcel | None" = None
    overtaken_by: datetime | None = None
    turn: asyncio.Lock = field(init=False, default_factory=asyncio.Lock, repr=False)

    @property
    def lets_pass(self) -> bool:
        """Whether it waits for another parcel, rather than for a time."""
        return self.overtaken_by is not None or (self.behind is not None and not self.behind.tried)

    def is_due(self, loop_time: float) -> bool:
        return not self.done and not self.turn.locked() and self.due <= loop_time

    def is_delayed(self, now: datetime) -> bool:
        return self.held_until is not None and now < self.held_until

    def is_held(self, now: datetime) -> bool:
        if self.overtaken_by is not None and now >= self.overtaken_by:
            self.overtaken_by = None
        return self.lets_pass or self.is_delayed(now)

    def summary(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "about": self.about,
            "attempts": self.attempts,
            "status": self.status,
            "done": self.done,
        }


@dataclass(slots=True)
class Outbox:
    """Delivers parcels in the order they were put in, without promising the order of arrival.

    `enabled` False drops new webhooks. `automatic` False keeps them until `deliver_now`. `lapsed`
    drops them too, until the vendor's subscription is renewed; `on_lapse` lets the vendor show a
    lapse in its own list. `faults` says which webhooks meet with an accident.
    """

    timeout_seconds: float = 5.0
    enabled: bool = True
    automatic: bool = True
    parcels: list[Parcel] = field(default_factory=list)
    dropped: int = 0
    faults: Faults | None = None
    lapsed: bool = False
    on_lapse: Callable[[Shows], None] | None = None
    _letting_pass: list[Parcel] = field(default_factory=list)
    _wake: asyncio.Event | None = None
    _task: asyncio.Task[None] | None = None
    _session: aiohttp.ClientSession | None = None
    _next_id: int = 1

    def put(
        self, url: str | None, body: bytes, sign: Callable[[bytes, str], dict[str, str]], about: str
    ) -> Parcel | None:
        """Queue one webhook; `sign(body, url)` returns all headers of the request.

        None when nothing will be sent.
        """
        if url is None or not self.enabled or self.lapsed:
            self.dropped += 1
            return None
        parcel = Parcel(id=self._new_id(), url=url, body=body, sign=sign, about=about)
        if self._strike(FaultKind.DROP, parcel) or self._lapses_at(parcel):
            self.dropped += 1
            return None
        self._overtake(parcel)
        self._queue(parcel)
        del self.parcels[:-5000]
        if self._wake is not None:
            self._wake.set()
        return parcel

    def lapse(self, shows: Shows) -> None:
        """The subscription ends without a word; what is queued still goes."""
        if self.on_lapse is None or shows is Shows.FINE:
            self.lapsed = True
        else:
            self.on_lapse(shows)

    def lapse_when_due(self) -> None:
        """Lets a lapse come that waits for no webhook."""
        if self.faults is not None:
            strike = self.faults.strike(FaultKind.LAPSE, "", "", waiting=False)
            if strike is not None:
                self.lapse(strike.fault.shows)

    def renew(self) -> None:
        """The vendor has a working subscription again."""
        self.lapsed = False

    async def start(self) -> None:
        self._wake = asyncio.Event()
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self.timeout_seconds)
        )
        self._task = asyncio.create_task(self._run(self._wake))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._session is not None:
            await self._session.close()

    async def deliver_now(self) -> list[dict[str, Any]]:
        """Try every undelivered parcel once, at once; returns a summary of each.

        A delayed one stays until its time; one that waits to be overtaken goes last.
        """
        now = self._now()
        waiting = [one for one in self.parcels if not one.done and not one.is_delayed(now)]
        # Those that let others pass go last, and the one that let most pass is the last of all.
        waiting.sort(key=lambda one: (one.lets_pass, -one.id if one.lets_pass else one.id))
        for parcel in waiting:
            await self._try(parcel)
        return [parcel.summary() for parcel in waiting]

    def summaries(self) -> list[dict[str, Any]]:
        return [parcel.summary() for parcel in self.parcels]

    async def _run(self, wake: asyncio.Event) -> None:
        while True:
            now, by_clock = asyncio.get_running_loop().time(), self._now()
            due = [
                one
                for one in self.parcels
                if self.automatic and one.is_due(now) and not one.is_held(by_clock)
            ]
            if due:
                await asyncio.gather(*(self._try(parcel) for parcel in due[:10]))
                continue
            wake.clear()
            # Not wait_for: in Python 3.11 it can swallow the cancellation `stop` sends.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.25):
                    await wake.wait()

    async def _try(self, parcel: Parcel) -> None:
        """One attempt, after any that is under way; none when that one was taken."""
        if self._session is None:
            raise RuntimeError("an outbox delivers only after it was started")
        async with parcel.turn:
            if not parcel.done:
                await self._attempt(parcel, self._session)

    async def _attempt(self, parcel: Parcel, session: aiohttp.ClientSession) -> None:
        parcel.attempts += 1
        try:
            async with session.post(
                parcel.url, data=parcel.body, headers=parcel.sign(parcel.body, parcel.url)
            ) as answer:
                parcel.status = answer.status
                parcel.done = 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            parcel.status = None
        finally:
            parcel.tried = True
        if not parcel.done:
            if parcel.attempts > len(RETRY_AFTER_SECONDS):
                parcel.done = True
                return
            wait = RETRY_AFTER_SECONDS[parcel.attempts - 1]
            parcel.due = asyncio.get_running_loop().time() + wait

    def _overtake(self, parcel: Parcel) -> None:
        for other in self._letting_pass:
            if other.overtaken_by is not None:
                other.overtaken_by, other.behind = None, parcel
        self._letting_pass.clear()

    def _queue(self, parcel: Parcel) -> None:
        if self._strike(FaultKind.BAD_SIGNATURE, parcel):
            parcel.sign = _over_other_bytes(parcel.sign)
        if strike := self._strike(FaultKind.DELAY, parcel):
            parcel.held_until = _later(strike, 0.0)
        if strike := self._strike(FaultKind.REORDER, parcel):
            parcel.overtaken_by = _later(strike, LONGEST_WAIT_SECONDS)
        waiting = [parcel]
        if strike := self._strike(FaultKind.DUPLICATE, parcel):
            again = parcel.held_until if strike.fault.seconds is None else _later(strike, 0.0)
            waiting += [
                replace(parcel, id=self._new_id(), held_until=again)
                for _ in range(strike.fault.copies)
            ]
        self.parcels += waiting
        self._letting_pass += [one for one in waiting if one.overtaken_by is not None]

    def _lapses_at(self, parcel: Parcel) -> bool:
        strike = self._strike(FaultKind.LAPSE, parcel)
        if strike is not None:
            self.lapse(strike.fault.shows)
        return strike is not None

    def _strike(self, kind: FaultKind, parcel: Parcel) -> Strike | None:
        if self.faults is None:
            return None
        return self.faults.strike(kind, "POST", parcel.about, webhook=parcel.id)

    def _now(self) -> datetime:
        # Without faults nothing is ever held, and any time will do.
        return self.faults.clock() if self.faults is not None else datetime.max.replace(tzinfo=UTC)

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1


def _later(strike: Strike, default: float) -> datetime:
    seconds = strike.fault.seconds
    return strike.at + timedelta(seconds=default if seconds is None else seconds)


def _over_other_bytes(
    sign: Callable[[bytes, str], dict[str, str]],
) -> Callable[[bytes, str], dict[str, str]]:
    """A signature that is right, for another body than the one that is sent."""
    return lambda body, url: sign(body + b" ", url)
