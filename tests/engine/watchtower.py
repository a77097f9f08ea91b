"""A watch on a real store, beside boxes of destinations, with a clock moved by hand."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core import building as make
from core.building import NOW
from tricord.app.registry import all_connectors
from tricord.core.cases import Case
from tricord.core.commands import because
from tricord.core.ids import ConnectionName
from tricord.core.money import Money
from tricord.core.policy.types import Policy
from tricord.engine.connection import Connection
from tricord.engine.watching import Watch
from tricord.engine.wire import NetworkSender
from tricord.sandbox.box import Settings
from tricord.sandbox.serving import BOXES, Running, start_box
from tricord.sdk.connector import Access
from tricord.sdk.secret import Secret
from tricord.store import cases
from tricord.store.database import Database
from tricord.store.sealing import Keyring

DESTINATIONS = ("slack", "teams", "pagerduty", "webhook", "smtp")
SENDER = "Harbour Studio <billing@harbour.example>"


@dataclass(slots=True)
class HandClock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass(slots=True)
class Tower:
    """`look(seconds)` lets time pass in steps of the watch's rhythm, each step a whole look."""

    database: Database
    clock: HandClock
    boxes: dict[str, Running]
    sender: NetworkSender
    policy: Policy
    watches: list[Watch] = field(default_factory=list)

    def watch(self, **more: Any) -> Watch:
        """One more watcher on this store."""
        made = Watch(
            self.database,
            self.policy,
            [self.connection(name) for name in self.boxes],
            self.sender,
            self.clock,
            holder=f"watcher {len(self.watches) + 1}",
            console="https://hub.example",
            seed=1,
            **more,
        )
        self.watches.append(made)
        return made

    def connection(self, name: str) -> Connection:
        running = self.boxes[name]
        settings = {key: Secret(text) for key, text in running.box.credentials.items()}
        more = {"sender": SENDER} if name == "smtp" else {}
        return Connection(
            connector=all_connectors()[name],
            access=Access(connection=ConnectionName(name), settings={**settings, **more}),
            base_url=running.base_url,
            trusted=True,
        )

    async def look(self, seconds: float, step: float = 2.0) -> None:
        end = self.clock.at + timedelta(seconds=seconds)
        while self.clock.at < end:
            self.clock.at = min(end, self.clock.at + timedelta(seconds=step))
            for watch in self.watches:
                await watch.tick()
                await watch.land()

    def open(self, *wanted: Case) -> None:
        def work(tx: Any) -> None:
            for case in wanted:
                cases.open_case(tx, case, "engine")

        self.database.run(work, self.clock.at)

    def close(self, *keys: str) -> None:
        def work(tx: Any) -> None:
            for key in keys:
                cases.close_case(tx, key)

        self.database.run(work, self.clock.at)

    def run(self, work: Callable[[Any], Any]) -> Any:
        return self.database.run(work, self.clock.at)

    def messages(self, name: str = "slack") -> list[str]:
        """The titles of what has arrived at a destination, oldest first."""
        state = self.boxes[name].box.state()
        if name == "smtp":
            return [mail["subject"] for mail in state["messages"]]
        if name == "pagerduty":
            return [event["title"] for event in state["events"]]
        return [message["title"] for message in state["messages"]]

    def trouble(self, name: str, code: str, times: int = 1_000_000) -> None:
        post = self.boxes[name].box.post  # type: ignore[attr-defined]  # boxes of destinations
        post.trouble, post.times = code, times


def case(number: int, kind: str = "refused", where: str = "stripe", **more: Any) -> Case:
    values: dict[str, Any] = {
        "key": f"{kind}/{where}/{number}",
        "kind": kind,
        "title": f"Zoë Lindqvist: {kind} {number}",
        "owner": "role:finance",
        "because": because("test", "0123456789ab"),
        "next_actions": ("Look",),
        "money": Money(100_00, "USD"),
        "where": where,
    }
    return Case(**(values | more))


def play(
    folder: Path,
    story: Callable[[Tower], Awaitable[None]],
    names: tuple[str, ...] = ("slack",),
    policy: Policy | None = None,
) -> None:
    async def whole() -> None:
        async with tower(folder, names, policy) as made:
            await story(made)

    asyncio.run(whole())


@contextlib.asynccontextmanager
async def tower(
    folder: Path, names: tuple[str, ...], policy: Policy | None
) -> AsyncIterator[Tower]:
    clock = HandClock()
    plain = policy or make.policy()
    alerts = tuple(ConnectionName(name) for name in names)
    roles = replace(plain.roles, alerts=plain.roles.alerts or alerts)
    url = os.environ.get("TRICORD_DATABASE") or f"sqlite:///{folder / 'tricord.db'}"
    database = Database(url, Keyring(bytes(range(32))))
    database.prepare()
    boxes: dict[str, Running] = {}
    try:
        for name in names:
            boxes[name] = await start_box(BOXES[name](Settings(clock=clock.now, seed=7)))
        async with NetworkSender(5.0) as sender:
            yield Tower(
                database=database,
                clock=clock,
                boxes=boxes,
                sender=sender,
                policy=replace(plain, roles=roles),
            )
    finally:
        for running in boxes.values():
            await running.stop()
        database.close()
