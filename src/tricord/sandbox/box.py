"""What every sandbox vendor is: an HTTP application with state, a clock and an outbox.

What a box may add about its faults and its books stands here too.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

from starlette.applications import Starlette

from tricord.sandbox.faults.dialect import Dialect
from tricord.sandbox.faults.fault import Shows
from tricord.sandbox.faults.faults import Faults
from tricord.sandbox.ledger import Entry
from tricord.sandbox.outbox import Outbox

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """The real time, aware, in UTC. Simulations pass a clock of their own instead."""
    return datetime.now(UTC)  # noqa: TID251 - a vendor has its own clock, as the real one does


@dataclass(slots=True, kw_only=True)
class Settings:
    """What a box is told when it is made.

    `hook_url` is where its webhooks go, or None when nobody listens. The same `seed` gives the same
    ids and secrets; None draws fresh ones.
    """

    hook_url: str | None = None
    clock: Clock = wall_clock
    seed: int | None = None
    dice: random.Random = field(init=False)
    faults: Faults = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.faults = Faults(lambda: self.clock(), self.seed)


class Box(Protocol):
    """One vendor in a box.

    `credentials` holds what a connection in `tricord.yaml` needs, under the names used there
    (`token`, `api_key`, `webhook_secret`, `url`): secrets of this box alone, worth nothing outside.
    """

    name: str
    title: str
    app: Starlette
    outbox: Outbox

    @property
    def credentials(self) -> dict[str, str]:
        """The connection's settings, `base_url` left out where it is the address of `app`."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything the vendor knows, for people and tests; JSON only."""
        ...

    async def start(self, host: str, port: int) -> None:
        """Open what is not HTTP (an SMTP port, say), at `port` or above."""
        ...

    async def stop(self) -> None:
        """Close what `start` opened."""
        ...


@runtime_checkable
class Speaks(Protocol):
    """A box whose faults come in the vendor's own words, and reach into its inside."""

    faults: Faults
    dialect: Dialect


@runtime_checkable
class Subscribes(Protocol):
    """A box that lists its webhook subscriptions, and so shows a lapse."""

    def lapse(self, shows: Shows) -> None:
        """End all subscriptions, `disabled` or `gone` from the list."""
        ...


@runtime_checkable
class KeepsBooks(Protocol):
    """A box that can say what was made under which business key."""

    def ledger(self) -> list[Entry]: ...
