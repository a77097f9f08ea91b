"""The desk: what the console is given to read from, to act through, and to know the time by."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from tricord.core.ids import ConnectionName, Instant
from tricord.core.policy.types import Policy
from tricord.engine.connection import Connection
from tricord.store.database import Tx

T = TypeVar("T")


class Run(Protocol):
    """Runs `work` in one transaction, off the event loop."""

    def __call__(self, work: Callable[[Tx], T], /) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`policy` gives None while there is no policy file yet. `read` must not be made to write;
    what `rehearse` is made to write is undone. `now` is the firm's time, `wall` the real one, by
    which sessions end: they differ where a demo lives through a past.

    Pages answer only to loopback names and to `allowed_hosts` (names without a port): another
    name in the Host header is how a page elsewhere would read them through the person's browser.
    `https` says that these names are reached by https alone.
    """

    read: Run
    write: Run
    rehearse: Run
    policy: Callable[[], Policy | None]
    now: Callable[[], Instant]
    wall: Callable[[], Instant]
    connections: Mapping[ConnectionName, Connection] = field(default_factory=dict)
    allowed_hosts: tuple[str, ...] = ()
    https: bool = False
