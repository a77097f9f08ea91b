"""A real SMTP server on the running loop: it accepts, refuses and breaks off as in life."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, AnyStr

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tricord.sandbox.smtp.messages import Mail, Mailbox, mail_from_bytes
from tricord.sandbox.smtp.troubles import WORDS, Troubles

REFUSED_DOMAINS = {
    "bounce.example": "550 5.1.1 The email account that you tried to reach does not exist",
    "later.example": "451 4.7.1 Greylisted, please try again later",
}
# What RFC 3461 adds to MAIL and RCPT.
_DSN_PARAMETERS = ("RET=", "ENVID=", "NOTIFY=", "ORCPT=")


@dataclass(slots=True, kw_only=True)
class PostOffice:
    """What arrives and how it is answered; aiosmtpd calls the `handle_` methods.

    `troubles` are the faults that a conversation meets. One lets a mail be kept and the connection
    be cut before the 250, which is how a sender comes to send twice.
    """

    troubles: Troubles
    user: str
    password: str
    clock: Callable[[], datetime]
    dice: random.Random
    mailbox: Mailbox = field(default_factory=Mailbox)
    connections: int = 0
    refused: int = 0
    accepted: Callable[[Mail], None] = lambda _: None
    open: set["Connection"] = field(default_factory=set)

    def authenticate(
        self, server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: Any
    ) -> AuthResult:
        good = isinstance(login, LoginPassword) and self.is_login(
            login.login.decode("utf-8", "replace"), login.password.decode("utf-8", "replace")
        )
        # A client tries one mechanism after another: all of them are refused, or none.
        if good and isinstance(server, Connection):
            server.barred = server.barred or self.troubles.refuse_login(self.user)
            good = not server.barred
        return AuthResult(success=good, handled=good)

    def is_login(self, user: str, password: str) -> bool:
        return (user, password) == (self.user, self.password)

    async def handle_EHLO(
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-DSN", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_MAIL(
        self,
        _server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        mail_options: list[str],
    ) -> str:
        if limited := self.troubles.limit(address):
            self.refused += 1
            return limited
        # Asked for here, because aiosmtpd warns of a server that wants it without TLS.
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        domain = address.rpartition("@")[2].lower()
        if domain in REFUSED_DOMAINS:
            return REFUSED_DOMAINS[domain]
        if greylisted := self.troubles.greylist(envelope.mail_from or "", address):
            return greylisted
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: "Connection", _session: Session, envelope: Envelope) -> str:
        met = await self.troubles.at_end_of_data(envelope.rcpt_tos)
        if met.answer is not None:
            self.refused += 1
            return met.answer
        if met.cut_before:
            server.cut()
            return ""
        mail = self._keep(envelope, server.parameters)
        if met.cut_after:
            server.cut()
        return met.late_answer or f"250 2.0.0 OK queued as {mail.id}"

    def _keep(self, envelope: Envelope, parameters: list[str]) -> Mail:
        mail = mail_from_bytes(
            envelope.original_content or b"",
            mail_id=f"{self.dice.getrandbits(48):012X}",
            received_at=self.clock(),
            mail_from=envelope.mail_from or "",
            rcpt_to=envelope.rcpt_tos,
            parameters=parameters,
        )
        self.mailbox.mails.append(mail)
        self.accepted(mail)
        return mail


class Connection(SMTP):
    """One client's connection. aiosmtpd knows no DSN parameters, so they are taken out here."""

    def __init__(self, office: PostOffice, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            office,
            enable_SMTPUTF8=True,
            hostname="mail.sandbox.example",
            ident="sandbox mail",
            auth_require_tls=False,
            authenticator=office.authenticate,
            loop=loop,
        )
        self._office = office
        self.parameters: list[str] = []
        self.barred = False
        # ENVID and ORCPT may each add 500 characters (RFC 3461, section 5.4).
        self.command_size_limits["MAIL"] += 500
        self.command_size_limits["RCPT"] += 500

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._office.connections += 1
        self._office.open.add(self)
        super().connection_made(transport)
        if strike := self._office.troubles.down():
            if strike.fault.status is not None and isinstance(transport, asyncio.WriteTransport):
                transport.write(f"{WORDS[421]}\r\n".encode())
                transport.close()
            else:
                self.cut()

    def connection_lost(self, error: Exception | None) -> None:
        self._office.open.discard(self)
        super().connection_lost(error)

    def cut(self) -> None:
        """Ends the connection without a word."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def push(self, status: AnyStr) -> None:
        """Says it, and hangs up after a 421, which announces just that (RFC 5321, 3.8)."""
        await super().push(status)
        if str(status).startswith(("421", "b'421")) and isinstance(
            self.transport, asyncio.WriteTransport
        ):
            self.transport.close()

    async def smtp_MAIL(self, arg: str | None) -> None:
        self.parameters = []
        await super().smtp_MAIL(self._without_dsn(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:
        await super().smtp_RCPT(self._without_dsn(arg))

    def _without_dsn(self, arg: str | None) -> str | None:
        if arg is None:
            return None
        kept = []
        for word in arg.split(" "):
            if word.upper().startswith(_DSN_PARAMETERS):
                self.parameters.append(word)
            else:
                kept.append(word)
        return " ".join(kept)
