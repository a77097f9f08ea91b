"""Mailing: the sender's way to mail servers that take submissions; blocking, so in a thread."""

import smtplib
import ssl
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from tricord.engine.connection import Connection
from tricord.sdk.errors import AccessLost, OutcomeUnknown, Refused, TricordError, TryAgain
from tricord.sdk.talk import Hello, Mail, Response

CONNECT_SECONDS = 10.0


def submit(connection: Connection, wire: Mail | Hello) -> Response:
    """One submission in a thread. After the text has gone, a lost answer is unknown."""
    url = urlsplit(connection.access.text("url"))
    what = f"{connection.name}: {url.hostname}"
    try:
        server = _connect(url.scheme, url.hostname or "", url.port)
    except (OSError, smtplib.SMTPException) as error:
        raise TryAgain(f"{what}: cannot connect ({type(error).__name__})") from error
    try:
        _login(server, url.scheme, url.hostname or "", unquote(url.username or ""),
               unquote(url.password or ""))  # fmt: skip
        if isinstance(wire, Mail):
            return _hand_over(server, wire, what)
        server.noop()
        return Response(status=250)
    except smtplib.SMTPAuthenticationError as error:
        raise AccessLost(f"{what}: the login was refused ({error.smtp_code})") from error
    except smtplib.SMTPNotSupportedError as error:
        raise AccessLost(f"{what}: the server offers no way to log in") from error
    except (OSError, smtplib.SMTPException) as error:
        raise TryAgain(f"{what}: {type(error).__name__} before the text was sent") from error
    finally:
        _leave(server)


def _connect(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port or 465, timeout=CONNECT_SECONDS, context=context)
    return smtplib.SMTP(host, port or 587, timeout=CONNECT_SECONDS)


def _login(server: smtplib.SMTP, scheme: str, host: str, user: str, password: str) -> None:
    server.ehlo()
    if scheme == "smtp" and server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    elif scheme == "smtp" and user and host not in ("127.0.0.1", "localhost", "::1"):
        raise smtplib.SMTPNotSupportedError("no encryption is offered; the password stays here")
    if user:
        server.login(user, password)


def _hand_over(server: smtplib.SMTP, mail: Mail, what: str) -> Response:
    """MAIL, RCPT and DATA by hand, because only the answer after the text may be unknown."""
    of_mail, of_recipient = _notices(server, mail)
    for step, answer in (
        ("sender", lambda: server.mail(mail.sender, of_mail)),
        ("recipient", lambda: server.rcpt(mail.recipient, of_recipient)),
    ):
        _accepted(answer, what, step)
    try:
        code, _ = server.data(mail.content)
    except smtplib.SMTPDataError as error:
        code = error.smtp_code
    except (OSError, smtplib.SMTPException) as error:
        raise OutcomeUnknown(
            f"{what}: no answer after the text ({type(error).__name__})"
        ) from error
    if code == 250:
        return Response(status=250)
    raise _refusal(code, what, "text")


def _notices(server: smtplib.SMTP, mail: Mail) -> tuple[list[str], list[str]]:
    """Ask for word of a failure or a delay (RFC 3461), with the headers of the mail alone."""
    if not (mail.envelope_id and server.has_extn("dsn")):
        return [], []
    of_recipient = ["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{_xtext(mail.recipient)}"]
    return ["RET=HDRS", f"ENVID={_xtext(mail.envelope_id)}"], of_recipient


def _xtext(text: str) -> str:
    """RFC 3461, section 4: what is not plain ASCII, and `+` and `=`, in hexadecimal."""
    return "".join(
        chr(byte) if 33 <= byte <= 126 and byte not in b"+=" else f"+{byte:02X}"
        for byte in text.encode()
    )


def _accepted(ask: Callable[[], tuple[int, bytes]], what: str, step: str) -> None:
    code, _ = ask()
    if code not in (250, 251):
        raise _refusal(code, what, step)


def _refusal(code: int, what: str, step: str) -> TricordError:
    words = f"{what}: the {step} was answered with {code}"
    return TryAgain(words) if 400 <= code < 500 else Refused(words)


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
