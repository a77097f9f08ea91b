"""The desk: what the console is given to read from."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from tricord.core.ids import Instant
from tricord.core.policy.types import Policy
from tricord.store.database import Tx

T = TypeVar("T")


class Read(Protocol):
    """Runs `work` in one read transaction, off the event loop."""

    def __call__(self, work: Callable[[Tx], T], /) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`policy` gives None while there is no policy file yet.

    Pages answer only to loopback names and to `allowed_hosts` (names without a port): another
    name in the Host header is how a page elsewhere would read them through the person's browser.
    """

    read: Read
    policy: Callable[[], Policy | None]
    now: Callable[[], Instant]
    allowed_hosts: tuple[str, ...] = ()
