"""Access: what a talk may know of its connection, with a token that is good at this moment.

A token is bought by one at a time, over all processes, and stored before it is used: vendors that
rotate refresh tokens would otherwise lock us out. It is bought by the clock, and once more when a
vendor refuses one that looked good.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import structlog

from tricord.core.commands import Priority
from tricord.core.ids import ConnectionName
from tricord.engine.clock import Clock
from tricord.engine.connection import Connection
from tricord.engine.pulse import Pulse
from tricord.engine.talking import hold
from tricord.engine.wire import Sender
from tricord.sdk.connector import Access
from tricord.sdk.errors import AccessLost, TryAgain
from tricord.sdk.oauth import OAuth, renew
from tricord.sdk.secret import Secret
from tricord.store import grants
from tricord.store.audit import record_act
from tricord.store.database import Database, Tx
from tricord.store.grants import Held

log = structlog.get_logger("tricord.access")
T = TypeVar("T")

LONGEST_WAIT = 45.0
"""Longer than a purchase can take: its request ends after 30 seconds."""
LOOK_EVERY = 0.2


class Tokens:
    """The grants of this process's connections. One per process."""

    def __init__(self, database: Database, sender: Sender, clock: Clock, pulse: Pulse) -> None:
        self._database = database
        self._sender = sender
        self._clock = clock
        self._pulse = pulse
        self._known: dict[ConnectionName, Held] = {}
        self._locks: dict[ConnectionName, asyncio.Lock] = {}

    async def access(self, connection: Connection, refused: str = "") -> Access:
        """The connection's access now. `refused` is a token that the vendor has just refused.

        Raises AccessLost when consent is gone or was never given, TryAgain when the vendor cannot
        be asked for a token now.
        """
        oauth = connection.oauth
        if oauth is None:
            return connection.access
        lock = self._locks.setdefault(connection.name, asyncio.Lock())
        async with lock:
            known = self._known.get(connection.name)
            if known is None or self._useless(known, refused):
                known = await self._fresh(connection, oauth, refused)
                self._known[connection.name] = known
        settings = {**connection.access.settings, "access_token": Secret(known.grant.access_token)}
        return replace(connection.access, settings=settings)

    def _useless(self, held: Held, refused: str) -> bool:
        return held.grant.stale(self._clock.now()) or held.grant.access_token == refused

    async def _fresh(self, connection: Connection, oauth: OAuth, refused: str) -> Held:
        name = connection.name
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST_WAIT
        while True:
            held = await self._read(name)
            if held is None:
                raise AccessLost(f"{name}: nobody has given consent; run: tricord connect {name}")
            if not self._useless(held, refused):
                return held
            if await self._claim(name, held.version):
                return await self._buy(connection, oauth, held)
            if loop.time() > end:
                raise TryAgain(f"{name}: another worker is still buying a token")
            await asyncio.sleep(LOOK_EVERY)

    async def _buy(self, connection: Connection, oauth: OAuth, held: Held) -> Held:
        name, worker = connection.name, self._pulse.worker
        talk = renew(oauth, connection.client, held.grant, self._clock.now())
        try:
            grant = await hold(talk, connection, self._sender, priority=Priority.MONEY)
        except BaseException as error:
            await self._write(lambda tx: grants.leave(tx, name, worker))
            log.warning("access.not_renewed", connection=name, error=type(error).__name__)
            if isinstance(error, AccessLost):
                again = f"consent must be given again; run: tricord connect {name}"
                raise AccessLost(f"{name}: {error.detail}; {again}") from error
            raise

        def keep(tx: Tx) -> bool:
            record_act(tx, "access.renewed", name)
            return grants.put(tx, name, grant, held.version)

        if not await self._write(keep):
            newer = await self._read(name)
            if newer is not None:
                return newer
        return Held(grant=grant, version=held.version + 1)

    async def _claim(self, name: ConnectionName, version: int) -> bool:
        worker = self._pulse.worker
        return await self._write(lambda tx: grants.claim(tx, name, version, worker))

    async def _read(self, name: ConnectionName) -> Held | None:
        return await self._database.read(lambda tx: grants.held(tx, name), self._clock.now())

    async def _write(self, work: Callable[[Tx], T]) -> T:
        return await self._database.write(work, self._clock.now())
