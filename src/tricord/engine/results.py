"""Results: what came back from vendors, as values that wait to be written down."""

from dataclasses import dataclass

from tricord.core.ids import ConnectionName
from tricord.core.records import Record
from tricord.engine.talking import Exchange
from tricord.sdk.connector import Lease
from tricord.sdk.talk import Changes, Done
from tricord.store.commands import Claimed
from tricord.store.cursors import Poll
from tricord.store.hints import Pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt at a command, over: the answer or the error, and whether a write was sent."""

    claimed: Claimed
    result: Done | Exception
    exchanges: tuple[Exchange, ...]
    wrote: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WasRead:
    pending: Pending
    result: tuple[Record, ...] | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class WasPolled:
    poll: Poll
    result: Changes | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class WasProbed:
    """Half open: whether a vendor that was kept waiting answers again. None: it does."""

    connection: ConnectionName
    result: Exception | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WasLeased:
    """Whether a vendor still sends us webhooks, or why it could not be asked."""

    connection: ConnectionName
    result: Lease | Exception


Finished = Tried | WasRead | WasPolled | WasProbed | WasLeased
