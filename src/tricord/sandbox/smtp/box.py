"""Mail as one box: a real SMTP port, and the pages and controls beside it."""

import asyncio
from typing import Any

from starlette.applications import Starlette

from tricord.sandbox.box import Settings
from tricord.sandbox.control import control_routes
from tricord.sandbox.faults.dialect import Dialect
from tricord.sandbox.ledger import Entry, entries
from tricord.sandbox.outbox import Outbox
from tricord.sandbox.smtp.pages import Pages
from tricord.sandbox.smtp.server import Connection, PostOffice
from tricord.sandbox.smtp.troubles import KINDS, Troubles


class SmtpBox:
    """Accepts mail for anybody and delivers it to nobody; the outbox stays empty."""

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
        self.app = Starlette(
            routes=[*control_routes(self.outbox, self.state), *Pages(self.office).routes()]
        )
        self._address: tuple[str, int] | None = None
        self._server: asyncio.Server | None = None

    @property
    def credentials(self) -> dict[str, str]:
        """Valid once the box has started: the port is not known before."""
        if self._address is None:
            return {}
        host, port = self._address
        return {"url": f"smtp://{self.office.user}:{self.office.password}@{host}:{port}"}

    def state(self) -> dict[str, Any]:
        return {
            "messages": [mail.shown for mail in self.office.mailbox.mails],
            "duplicates": self.office.mailbox.duplicates(),
            "connections": self.office.connections,
            "refused": self.office.refused,
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

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self.office.troubles.close()
        for connection in list(self.office.open):
            connection.cut()
        # One turn of the loop lets the transports see that they are closed.
        await asyncio.sleep(0)
        await self._server.wait_closed()
        self._server = None
