"""Mail as one box: SMTP to send by, IMAP to read the firm's mailbox, pages and controls beside."""

import asyncio
from typing import Any

from starlette.applications import Starlette

from tricord.sandbox.box import Settings
from tricord.sandbox.control import control_routes
from tricord.sandbox.faults.dialect import Dialect
from tricord.sandbox.ledger import Entry, entries
from tricord.sandbox.outbox import Outbox
from tricord.sandbox.smtp.controls import Controls
from tricord.sandbox.smtp.imap.folders import Firm
from tricord.sandbox.smtp.imap.server import Session
from tricord.sandbox.smtp.pages import Pages
from tricord.sandbox.smtp.people import People
from tricord.sandbox.smtp.server import Connection, PostOffice
from tricord.sandbox.smtp.troubles import KINDS, Troubles


class SmtpBox:
    """Accepts mail for anybody and delivers it to nobody; what people answer lies in the mailbox of
    the firm. It sends no webhooks, so the outbox stays empty."""

    name = "smtp"
    title = "Mail"

    def __init__(self, settings: Settings) -> None:
        self.outbox = Outbox()
        self.faults = settings.faults
        self.dialect = Dialect(kinds=KINDS, api=())
        self.office = PostOffice(
            troubles=Troubles(settings.faults),
            user="sandbox",
            password=f"{settings.dice.getrandbits(96):024x}",
            clock=settings.clock,
            dice=settings.dice,
        )
        self.people = People(firm=Firm(), clock=settings.clock, dice=settings.dice)
        self.office.accepted = self.people.received
        self.controls = Controls(self.people, self.office.mailbox)
        pages = Pages(self.office, self.people.inbox)
        self.app = Starlette(
            routes=[
                *control_routes(self.outbox, self.state),
                *self.controls.routes(),
                *pages.routes(),
            ]
        )
        self._address: tuple[str, int] | None = None
        self._server: asyncio.Server | None = None
        self._mailbox: asyncio.Server | None = None
        self._readers: dict[Session, asyncio.Task[None]] = {}

    @property
    def credentials(self) -> dict[str, str]:
        """Valid once the box has started: the port is not known before."""
        if self._address is None:
            return {}
        host, port = self._address
        who = f"{self.office.user}:{self.office.password}"
        found = {"url": f"smtp://{who}@{host}:{port}"}
        if self._mailbox is not None:
            imap = self._mailbox.sockets[0].getsockname()[1]
            found["imap_url"] = f"imap://{who}@{host}:{imap}"
        return found

    def state(self) -> dict[str, Any]:
        return {
            "messages": [mail.shown for mail in self.office.mailbox.mails],
            "duplicates": self.office.mailbox.duplicates(),
            "connections": self.office.connections,
            "refused": self.office.refused,
            **self.controls.state(),
        }

    def ledger(self) -> list[Entry]:
        """Mails by Message-ID; one that has none has no business key either."""
        mails = self.office.mailbox.mails
        return entries(
            ("mail", mail.message_id, "Message-ID", mail.id) for mail in mails if mail.message_id
        )

    async def start(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self.office, loop), host, port)
        self._address = host, self._server.sockets[0].getsockname()[1]
        self._mailbox = await asyncio.start_server(self._serve, host, port + 1 if port else 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self.people.firm, self.office.is_login, self.people.clock, reader, writer)
        task = asyncio.current_task()
        assert task is not None, "a connection is served in a task of its own"  # noqa: S101
        self._readers[session] = task
        try:
            await session.run()
        finally:
            del self._readers[session]

    async def stop(self) -> None:
        if self._server is None or self._mailbox is None:
            return
        self._mailbox.close()
        for session, task in list(self._readers.items()):
            session.cut()
            await asyncio.wait([task])
        await self._mailbox.wait_closed()
        self._mailbox = None
        self._server.close()
        self.office.troubles.close()
        for connection in list(self.office.open):
            connection.cut()
        # One turn of the loop lets the transports see that they are closed.
        await asyncio.sleep(0)
        await self._server.wait_closed()
        self._server = None
