"""Webhooks a sandbox vendor has to deliver: queued, sent in the background, retried, listed."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

RETRY_AFTER_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)


@dataclass(slots=True, kw_only=True)
class Parcel:
    """One webhook request. `sign` makes the headers at each attempt, as vendors do."""

    id: int
    url: str
    body: bytes
    sign: Callable[[bytes, str], dict[str, str]]
    about: str
    attempts: int = 0
    status: int | None = None
    done: bool = False
    due: float = 0.0

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

    `enabled` False drops new webhooks, as a vendor does whose subscription has lapsed. `automatic`
    False keeps them until `deliver_now`. `rewrite` lets a batching vendor join bodies.
    """

    timeout_seconds: float = 5.0
    enabled: bool = True
    automatic: bool = True
    parcels: list[Parcel] = field(default_factory=list)
    dropped: int = 0
    _wake: asyncio.Event | None = None
    _task: asyncio.Task[None] | None = None
    _session: aiohttp.ClientSession | None = None
    _next_id: int = 1

    def put(
        self, url: str | None, body: bytes, sign: Callable[[bytes, str], dict[str, str]], about: str
    ) -> None:
        """Queue one webhook; `sign(body, url)` returns all headers of the request."""
        if url is None or not self.enabled:
            self.dropped += 1
            return
        self.parcels.append(Parcel(id=self._next_id, url=url, body=body, sign=sign, about=about))
        self._next_id += 1
        del self.parcels[:-5000]
        if self._wake is not None:
            self._wake.set()

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
        """Try every undelivered parcel once, at once; returns a summary of each."""
        waiting = [parcel for parcel in self.parcels if not parcel.done]
        for parcel in waiting:
            await self._try(parcel)
        return [parcel.summary() for parcel in waiting]

    def summaries(self) -> list[dict[str, Any]]:
        return [parcel.summary() for parcel in self.parcels]

    async def _run(self, wake: asyncio.Event) -> None:
        while True:
            now = asyncio.get_running_loop().time()
            due = [p for p in self.parcels if not p.done and p.due <= now and self.automatic]
            if due:
                await asyncio.gather(*(self._try(parcel) for parcel in due[:10]))
                continue
            wake.clear()
            # Not wait_for: in Python 3.11 it can swallow the cancellation `stop` sends.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.25):
                    await wake.wait()

    async def _try(self, parcel: Parcel) -> None:
        if self._session is None:
            raise RuntimeError("an outbox delivers only after it was started")
        parcel.attempts += 1
        try:
            async with self._session.post(
                parcel.url, data=parcel.body, headers=parcel.sign(parcel.body, parcel.url)
            ) as answer:
                parcel.status = answer.status
                parcel.done = 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            parcel.status = None
        if not parcel.done:
            if parcel.attempts > len(RETRY_AFTER_SECONDS):
                parcel.done = True
                return
            wait = RETRY_AFTER_SECONDS[parcel.attempts - 1]
            parcel.due = asyncio.get_running_loop().time() + wait
