"""Our mail connectors against Debian's Postfix and Dovecot: what they judge is what counts."""

import imaplib
import ssl
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from end_to_end.mail_talks import connection, inbox, look, messages, send
from end_to_end.real_mail import PASSWORD, MailServers, mail_servers, needs_mail_servers
from tricord.core.records import Direction, Message, Nature
from tricord.engine.connection import Connection
from tricord.sdk.errors import AccessLost, Refused, TryAgain

pytestmark = [needs_mail_servers, pytest.mark.xdist_group("mail servers")]
FIRM, CLIENT = "billing@harbour.example", "zoe@client.example"


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    with mail_servers() as running:
        yield running


@pytest.fixture
def trusted(servers: MailServers, monkeypatch: pytest.MonkeyPatch) -> MailServers:
    """The servers, whose certificate this process trusts for the length of the test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(servers.authority))
    return servers


def outgoing(servers: MailServers) -> Connection:
    sender = f"Harbour Studio <{FIRM}>"
    return connection("smtp", f"smtp://127.0.0.1:{servers.smtp}", sender=sender)


def arrived(box: Connection, wanted: str, cursor: str = "") -> Message:
    """The message of this subject, once the servers have brought it."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for message in messages(box, look(box, cursor)):
            if wanted in message.subject:
                return message
        time.sleep(0.2)
    raise AssertionError(f"no mail called {wanted!r} arrived")


def in_mailbox(servers: MailServers, person: str, subject: str) -> EmailMessage:
    """The mail as the person's own program would see it."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with imaplib.IMAP4("127.0.0.1", servers.imap, timeout=10) as client:
            client.login(person, PASSWORD)
            client.select("INBOX", readonly=True)
            _, found = client.search(None, "SUBJECT", f'"{subject}"')
            for number in found[0].split():
                _, rows = client.fetch(number.decode(), "(BODY.PEEK[])")
                row = rows[0]
                assert isinstance(row, tuple)
                mail = message_from_bytes(row[1], policy=policy.default)
                assert isinstance(mail, EmailMessage)
                return mail
        time.sleep(0.2)
    raise AssertionError(f"{person} got no {subject!r}")


def test_a_reply_of_a_client_is_read_in_the_thread_of_the_mail_it_answers(
    trusted: MailServers,
) -> None:
    done = send(outgoing(trusted), recipient=CLIENT, subject="Invoice N-1", key="k1", thread=[])
    (sent,) = done.seen
    assert isinstance(sent, Message)
    got = in_mailbox(trusted, CLIENT, "Invoice N-1")
    assert got["Message-ID"] == f"<{sent.message_id}>"
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = CLIENT, got["From"], "Re: Invoice N-1"
    answer["In-Reply-To"] = answer["References"] = got["Message-ID"]
    answer.set_content("Paid on Friday.\n\nOn Monday at 10:00, Harbour wrote:\n> Dear Zoë\n")
    trusted.send(answer)
    message = arrived(inbox(trusted.mailbox(FIRM, "imaps")), "Re: Invoice N-1")
    assert (message.nature, message.direction) == (Nature.WRITTEN, Direction.IN)
    assert message.references == (sent.message_id,)
    assert (message.sender, message.recipient) == (CLIENT, FIRM)
    assert message.body == "Paid on Friday."


def test_the_bounce_that_postfix_writes_names_mail_recipient_and_code(
    trusted: MailServers,
) -> None:
    done = send(outgoing(trusted), recipient="nobody@client.example", key="k2", thread=[])
    (sent,) = done.seen
    assert isinstance(sent, Message)
    message = arrived(inbox(trusted.mailbox(FIRM)), "Undelivered Mail")
    assert message.nature is Nature.BOUNCE
    assert message.undelivered is not None
    assert message.undelivered.code == "5.1.1"
    assert message.undelivered.permanent
    assert message.undelivered.recipient == "nobody@client.example"
    assert message.undelivered.message_id == sent.message_id
    assert sent.message_id in message.references


def test_postfix_returns_our_envelope_id_and_the_headers_alone(trusted: MailServers) -> None:
    done = send(outgoing(trusted), recipient="nobody@else.example", key="k+3=", thread=[])
    (sent,) = done.seen
    assert isinstance(sent, Message)
    report = in_mailbox(trusted, FIRM, "Undelivered Mail Returned to Sender").as_string()
    assert "Original-Envelope-Id: " in report
    assert "Content-Type: text/rfc822-headers" in report


def test_an_absence_notice_is_automatic_and_no_answer(trusted: MailServers) -> None:
    notice = EmailMessage()
    notice["From"], notice["To"] = "away@client.example", FIRM
    notice["Subject"], notice["Auto-Submitted"] = "I am away", "auto-replied (vacation)"
    notice.set_content("Back on Monday.")
    trusted.send(notice, sender="")
    assert arrived(inbox(trusted.mailbox(FIRM)), "I am away").nature is Nature.AUTOMATIC


def _append(servers: MailServers, folder: str, *subjects: str) -> None:
    with imaplib.IMAP4("127.0.0.1", servers.imap, timeout=10) as client:
        client.login("tom@harbour.example", PASSWORD)
        for subject in subjects:
            raw = f"From: zoe@client.example\r\nTo: tom@harbour.example\r\nSubject: {subject}\r\n"
            client.append(folder, "", "", f"{raw}\r\nx\r\n".encode())


def test_each_look_goes_on_where_the_last_one_ended_and_marks_nothing(
    trusted: MailServers,
) -> None:
    box = inbox(trusted.mailbox("tom@harbour.example"), folders="INBOX")
    _append(trusted, "INBOX", "one", "two")
    first = look(box)
    assert [m.subject for m in messages(box, first)] == ["one", "two"]
    again = look(box, first.cursor)
    assert (again.missed, again.more) == ((), False), "n:* must not bring the newest once more"
    _append(trusted, "INBOX", "three")
    assert [m.subject for m in messages(box, look(box, again.cursor))] == ["three"]
    with imaplib.IMAP4("127.0.0.1", trusted.imap, timeout=10) as client:
        client.login("tom@harbour.example", PASSWORD)
        client.select("INBOX", readonly=True)
        assert client.search(None, "UNSEEN")[1] == [b"1 2 3"]


def test_sent_mails_are_found_by_the_folders_special_use_whatever_its_name(
    trusted: MailServers,
) -> None:
    with imaplib.IMAP4("127.0.0.1", trusted.imap, timeout=10) as client:
        client.login("mia@harbour.example", PASSWORD)
        raw = b"From: mia@harbour.example\r\nTo: zoe@client.example\r\nSubject: Draft\r\n\r\nx\r\n"
        client.append("Versendet", "", "", raw)
    box = inbox(trusted.mailbox("mia@harbour.example"))
    (message,) = messages(box, look(box))
    assert (message.direction, message.recipient) == (Direction.OUT, "zoe@client.example")


def test_a_large_mailbox_is_read_in_steps_and_each_mail_once(trusted: MailServers) -> None:
    with imaplib.IMAP4("127.0.0.1", trusted.imap, timeout=10) as client:
        client.login("many@harbour.example", PASSWORD)
        for number in range(120):
            raw = f"From: zoe@client.example\r\nSubject: mail {number}\r\n\r\n{'x' * 9000}\r\n"
            client.append("INBOX", "", "", raw.encode())
    box = inbox(trusted.mailbox("many@harbour.example"), folders="INBOX")
    cursor, found, steps = "", list[str](), 0
    more = True
    while more:
        changes = look(box, cursor)
        cursor, more, steps = changes.cursor, changes.more, steps + 1
        found += [message.subject for message in messages(box, changes)]
    assert found == [f"mail {number}" for number in range(120)]
    assert steps == 3


def test_t25_a_mail_of_20_mb_is_cut_and_its_text_is_kept(trusted: MailServers) -> None:
    head = (
        b"From: zoe@client.example\r\nSubject: big\r\nContent-Type: multipart/mixed; boundary=b\r\n"
    )
    text = b"\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the plan.\r\n"
    file = b"--b\r\nContent-Type: application/pdf; name=plan.pdf\r\n\r\n" + b"x" * 76 + b"\r\n"
    with imaplib.IMAP4("127.0.0.1", trusted.imap, timeout=30) as client:
        client.login("big@harbour.example", PASSWORD)
        client.append("INBOX", "", "", head + text + file + (b"x" * 76 + b"\r\n") * 260_000)
    box = inbox(trusted.mailbox("big@harbour.example"), folders="INBOX")
    changes = look(box)
    assert len(changes.missed[0].body) < 1_100_000
    (message,) = messages(box, changes)
    assert message.body == "See the plan.\n\n(Attached: plan.pdf)"


def test_a_wrong_password_is_lost_access_and_a_missing_folder_is_refused(
    trusted: MailServers,
) -> None:
    wrong = trusted.mailbox(FIRM).replace(PASSWORD, "guess")
    with pytest.raises(AccessLost) as lost:
        look(inbox(wrong))
    assert "guess" not in lost.value.detail
    with pytest.raises(Refused):
        look(inbox(trusted.mailbox(FIRM), folders="Nowhere"))
    with pytest.raises(TryAgain):
        look(inbox("imaps://a:b@localhost:9"))


def test_t09_a_mailbox_whose_certificate_is_not_trusted_gets_no_password(
    servers: MailServers,
) -> None:
    for scheme in ("imaps", "imap"):
        with pytest.raises(TryAgain, match=r"SSL|cannot connect|while reading"):
            look(inbox(servers.mailbox(FIRM, scheme)))


def test_both_ways_to_the_mailbox_are_encrypted(trusted: MailServers) -> None:
    assert ssl.create_default_context().cert_store_stats()["x509"] >= 1
    for scheme in ("imaps", "imap"):
        look(inbox(trusted.mailbox(FIRM, scheme)))
    log = (trusted.folder / "dovecot.log").read_text()
    logins = [line for line in log.splitlines() if f"Login: user=<{FIRM}>" in line]
    assert sum(", TLS" in line for line in logins) >= 2
