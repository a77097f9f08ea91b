"""The engine: deliveries in, turns over all partitions. Liveness is here; correctness is below."""

import hashlib
import random
from collections.abc import Callable, Sequence

from tricord import __version__
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName
from tricord.core.policy.types import Policy
from tricord.engine.access import Tokens
from tricord.engine.batch import Batch
from tricord.engine.clock import Clock
from tricord.engine.connection import Connection
from tricord.engine.deciding import tell_stranded
from tricord.engine.drain import Claims, Drain
from tricord.engine.homing import renew
from tricord.engine.inbox import Inbox
from tricord.engine.means import CrashPoint, Means
from tricord.engine.pulse import Pulse
from tricord.engine.wire import ReadOnlySender, Sender
from tricord.sdk.connector import Acknowledgement
from tricord.sdk.errors import PayloadMalformed, SignatureInvalid
from tricord.store import connections, cursors, deliveries, leases, mirror, modes, schedule
from tricord.store.database import Database, Tx
from tricord.store.deliveries import Arrival
from tricord.store.modes import Mode


class Engine:
    """One process's engine. `pulse` must have started; `on_stored` is told partitions that got
    something to absorb, so that whoever drains them is woken."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        used: Sequence[Connection],
        sender: Sender,
        clock: Clock,
        *,
        pulse: Pulse,
        seed: int | None = None,
        crash_point: CrashPoint = lambda _: None,
        on_stored: Callable[[frozenset[int]], None] = lambda _: None,
    ) -> None:
        self.means = Means(
            database=database,
            policy=policy,
            connections={connection.name: connection for connection in used},
            sender=ReadOnlySender(sender, lambda: not self.means.live),
            clock=clock,
            pulse=pulse,
            tokens=Tokens(database, sender, clock, pulse),
            dice=random.Random(seed),  # noqa: S311 - jitter, not secrecy
            crash_point=crash_point,
        )
        self._inbox = Inbox(self._store)
        self._everything = Drain(self.means)
        self._on_stored = on_stored

    @property
    def connections(self) -> dict[ConnectionName, Connection]:
        return self.means.connections

    async def ingest(self, delivery: Delivery) -> Acknowledgement:
        """Check who sent it, store it, return what to acknowledge it with.

        Raises SignatureInvalid, InboxFull, or KeyError for a connection that takes no webhooks.
        """
        connection = self.means.connections[delivery.connection]
        connector = connection.connector
        if connector.signature is None or connector.delivery_id is None:
            raise KeyError(delivery.connection)
        keys = connection.signing_keys
        if not keys:
            raise SignatureInvalid("no webhook secret is configured for this connection")
        connector.signature(delivery, keys)
        try:
            name = connector.delivery_id(delivery)
        except PayloadMalformed:
            # Signed but unreadable: kept whole under the hash of its bytes, and parked later.
            name = hashlib.sha256(delivery.body).hexdigest()
        await self._inbox.put(Arrival(delivery=delivery, name=name))
        return connector.acknowledgement

    async def _store(self, arrivals: list[Arrival]) -> None:
        means = self.means
        means.crash_point("before the delivery commits")
        await means.database.write(lambda tx: deliveries.accept(tx, arrivals), means.clock.now())
        means.crash_point("after the delivery commits")
        self._everything.wake()
        self._on_stored(frozenset(deliveries.partition_for(arrival) for arrival in arrivals))

    async def start(self) -> None:
        """Make the connections known, and have every account asked when the rules have changed."""
        means = self.means

        def begin(tx: Tx) -> bool:
            schedule.one_at_a_time(tx, "start")
            for connection in sorted(means.connections.values(), key=lambda one: one.name):
                connections.announce(tx, connection.name, connection.connector.name)
                if connection.connector.listing is not None:
                    cursors.announce(tx, connection.name)
                if connection.connector.subscription is not None and connection.access.hook_url:
                    leases.announce(tx, connection.name)
            # Another policy or another program may want what this one did not: ask every account.
            if schedule.changed_since(tx, f"{means.policy.version} {__version__}"):
                mirror.wake_everyone(tx)
            batch = Batch(tx, means.policy, means.connections, means.pulse.worker)
            renew(batch)
            tell_stranded(batch)
            return modes.mode_of(tx) is Mode.LIVE

        means.live = await means.database.write(begin, means.clock.now())

    async def run(self) -> None:
        """Turn over everything until `stop`."""
        await self._everything.run()

    def stop(self) -> None:
        """End gracefully: claim nothing more, finish what was sent."""
        self.means.stopping = True
        self._everything.wake()

    async def drain(self, partitions: Sequence[int] | None = None) -> None:
        """Turn until nothing is waiting, due or in flight. None means every partition."""
        await Drain(self.means, partitions).until_idle()

    async def turn(self) -> Claims:
        """One turn over everything; what it launched goes on by itself."""
        return await self._everything.turn()
