"""Means: what every drain of one process works with."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tricord.core.ids import ConnectionName
from tricord.core.policy.types import Policy
from tricord.engine.access import Tokens
from tricord.engine.clock import Clock
from tricord.engine.connection import Connection
from tricord.engine.pulse import Pulse
from tricord.engine.talking import Memory
from tricord.engine.wire import Sender
from tricord.store.database import Database

CrashPoint = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Means:
    """`crash_point` is called by name between steps; tests make it raise. It does nothing else.

    `live` is whether the last look at the store allowed writes; nobody has looked at first.
    """

    database: Database
    policy: Policy
    connections: dict[ConnectionName, Connection]
    sender: Sender
    clock: Clock
    pulse: Pulse
    tokens: Tokens
    dice: random.Random
    crash_point: CrashPoint
    memory: Memory = field(default_factory=Memory)
    stopping: bool = False
    live: bool = False
