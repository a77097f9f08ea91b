"""Talks of the mail connectors over real sockets, for tests beside the engine."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tricord.app.registry import all_connectors
from tricord.app.suite.exemplars import exemplar
from tricord.core.commands import SendMessage
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName
from tricord.core.records import Message
from tricord.engine.connection import Connection
from tricord.engine.talking import hold
from tricord.engine.wire import NetworkSender
from tricord.sdk.connector import Access, Work
from tricord.sdk.secret import Secret
from tricord.sdk.talk import Changes, Done

OWN = "billing@harbour.example, harbour.example"


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - real servers live by the machine's clock


def connection(connector: str, url: str, **settings: str) -> Connection:
    given: dict[str, Secret | str] = {"url": Secret(url), **settings}
    access = Access(connection=ConnectionName(connector), settings=given)
    return Connection(connector=all_connectors()[connector], access=access, base_url="")


def inbox(url: str, **settings: str) -> Connection:
    return connection("imap", url, **{"address": OWN, **settings})


def talk(start: Any, through: Connection) -> Any:
    async def held() -> Any:
        async with NetworkSender() as sender:
            return await hold(start, through, sender)

    return asyncio.run(held())


def send(through: Connection, **changed: Any) -> Done:
    command = exemplar("send_message", through.name, changed)
    assert isinstance(command, SendMessage)
    verb = through.connector.verbs[SendMessage]
    work = Work(key=command.key, at=now(), again=False)
    done: Done = talk(verb.act(through.access, command, work), through)
    return done


def look(through: Connection, cursor: str = "") -> Changes:
    listing = through.connector.listing
    assert listing is not None
    found: Changes = talk(listing(through.access, cursor, now()), through)
    return found


def messages(through: Connection, changes: Changes) -> list[Message]:
    """What the raw mails become, read as the engine reads them."""
    parse = through.connector.parse
    assert parse is not None
    found = []
    for mail in changes.missed:
        delivery = Delivery(connection=through.name, body=mail.body, received_at=now())
        found += [one for one in parse(through.access, delivery) if isinstance(one, Message)]
    return found


YESTERDAY = f"{now() - timedelta(days=1):%Y-%m-%d}"
