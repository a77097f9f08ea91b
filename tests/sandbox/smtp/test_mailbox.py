"""The firm's mailbox over IMAP, driven by two clients and compared with Dovecot."""

import contextlib
import imaplib
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from end_to_end.mail_talks import inbox, look
from end_to_end.real_mail import mail_servers, needs_dovecot
from sandbox.smtp.conftest import Office, mail_to
from tricord.sdk.errors import AccessLost


@contextlib.contextmanager
def standard(office: Office) -> Iterator[imaplib.IMAP4]:
    where = urlsplit(office.box.credentials["imap_url"])
    with imaplib.IMAP4(str(where.hostname), where.port or 0, timeout=5) as client:
        client.login(str(where.username), str(where.password))
        yield client


@contextlib.contextmanager
def other(url: str) -> Iterator[Any]:
    where = urlsplit(url)
    with IMAPClient(str(where.hostname), where.port, ssl=False, timeout=5) as client:
        client.normalise_times = False
        client.login(unquote(str(where.username)), str(where.password))
        yield client


def first_sent(office: Office, **headers: str) -> str:
    office.send(mail_to("kim@client.example", **headers))
    return str(office.state()["messages"][-1]["id"])


def newest(office: Office) -> EmailMessage:
    with standard(office) as client:
        client.select("INBOX", readonly=True)
        _, rows = client.fetch("*", "(BODY.PEEK[])")
        row = rows[0]
        assert isinstance(row, tuple)
        found = message_from_bytes(row[1].replace(b"\r\n", b"\n"), policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


def test_an_answer_lies_in_the_inbox_in_its_thread(office: Office) -> None:
    mail = first_sent(office, References="<zero@firm.example>")
    office.do(f"mails/{mail}/reply", text="Gladly.")
    answer = newest(office)
    assert answer["From"] == "kim@client.example"
    assert answer["To"] == "Firm <billing@firm.example>"
    assert answer["Subject"] == "Re: Your invoice"
    assert answer["In-Reply-To"] == "<one@firm.example>"
    assert answer["References"] == "<zero@firm.example> <one@firm.example>"
    assert answer.get_content().startswith("Gladly.\n")
    assert "> Hello" in answer.get_content()


def test_what_the_firm_sends_lies_in_its_sent_folder_byte_for_byte(office: Office) -> None:
    first_sent(office)
    with other(office.box.credentials["imap_url"]) as client:
        (name,) = [name for flags, _, name in client.list_folders() if b"\\Sent" in flags]
        client.select_folder(name, readonly=True)
        (mail,) = client.fetch(client.search(), ["BODY.PEEK[]"]).values()
    assert mail[b"BODY[]"] == office.box.office.mailbox.mails[0].raw


def test_a_forwarded_mail_is_written_by_somebody_else(office: Office) -> None:
    mail = first_sent(office)
    office.do(f"mails/{mail}/forward", by="tom@client.example", text="For you, Tom?")
    found = newest(office)
    assert found["From"] == "tom@client.example"
    assert found["Subject"] == "Fwd: Your invoice"
    assert "Forwarded message" in found.get_content()
    assert office.status(f"mails/{mail}/forward", by="") == 400


def test_a_bounce_is_a_report_that_returns_what_was_asked_for(office: Office) -> None:
    with office.client() as client:
        client.sendmail(
            "billing@firm.example", ["kim@client.example"],
            b"Message-ID: <two@firm.example>\r\nSubject: x\r\n\r\nthe text\r\n",
            mail_options=["RET=HDRS", "ENVID=two+2B1"],
            rcpt_options=["NOTIFY=FAILURE", "ORCPT=rfc822;kim@client.example"],
        )  # fmt: skip
    office.do(f"mails/{office.state()['messages'][-1]['id']}/bounce")
    report = newest(office)
    assert report["Return-Path"] == "<>"
    assert report.get_content_type() == "multipart/report"
    words, status, returned = report.iter_parts()
    assert words.get_content_type() == "text/plain"
    blocks = status.get_payload()
    assert isinstance(blocks, list)
    message, recipient = (block for block in blocks if isinstance(block, Message))
    assert message["Original-Envelope-Id"] == "two+1"
    assert recipient["Final-Recipient"] == "rfc822; kim@client.example"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.1")
    assert returned.get_content_type() == "text/rfc822-headers"
    assert "<two@firm.example>" in returned.get_content()
    assert "the text" not in returned.get_content()


def test_an_address_bounces_or_is_away_until_it_is_told_otherwise(office: Office) -> None:
    assert office.do("addresses", address="Kim@client.example", bounces="5.2.2")["bounces"]
    first_sent(office)
    assert "5.2.2" in newest(office).as_string()
    office.do("addresses", address="kim@client.example", away="Back on Monday.")
    first_sent(office)
    notice = newest(office)
    assert notice["Auto-Submitted"] == "auto-replied"
    assert notice["Return-Path"] == "<>"
    office.do("addresses", address="kim@client.example")
    first_sent(office)
    assert office.state()["folders"]["INBOX"] == 2


def test_a_sender_that_wants_no_reports_gets_none(office: Office) -> None:
    office.do("addresses", address="kim@client.example", bounces="5.1.1")
    with office.client() as client:
        client.sendmail("a@firm.example", ["kim@client.example"], b"Subject: x\r\n\r\ny",
                        rcpt_options=["NOTIFY=NEVER"])  # fmt: skip
    assert office.state()["folders"] == {"INBOX": 0, "Sent": 1, "Drafts": 0, "Trash": 0}


def test_anybody_can_write_and_so_can_a_mailing_list(office: Office) -> None:
    made = office.do("mails", **{"from": "ann@lists.example", "subject": "Hi", "text": "All",
                                 "list": "design@lists.example"})  # fmt: skip
    found = newest(office)
    assert (found["Message-ID"], found["List-Id"]) == (made["message_id"], "<design.lists.example>")
    assert office.status("mails", subject="nobody's") == 400
    assert office.status("mails/none/reply") == 404


def test_reading_marks_a_mail_only_where_a_client_opens_it_for_writing(office: Office) -> None:
    office.do("mails", **{"from": "ann@client.example", "text": "Hi"})
    with standard(office) as client:
        client.select("INBOX", readonly=True)
        client.fetch("1", "(RFC822)")
        client.select("INBOX")
        client.fetch("1", "(BODY.PEEK[])")
        assert office.state()["unseen"] == 1
        client.fetch("1", "(BODY[TEXT])")
        assert office.state()["unseen"] == 0
        client.store("1", "-FLAGS", "(\\Seen)")
        assert office.state()["unseen"] == 1
        client.store("1", "+FLAGS", "(\\Deleted)")
        client.expunge()
    assert office.state()["folders"]["INBOX"] == 0


def test_a_waiting_client_is_told_of_a_new_mail(office: Office) -> None:
    with other(office.box.credentials["imap_url"]) as client:
        client.select_folder("INBOX", readonly=True)
        client.idle()
        office.do("mails", **{"from": "ann@client.example", "text": "Hi"})
        assert (1, b"EXISTS") in client.idle_check(timeout=5)
        client.idle_done()


def test_a_wrong_login_is_refused_by_each_mechanism_and_the_right_one_is_not(
    office: Office,
) -> None:
    where = urlsplit(office.box.credentials["imap_url"])
    user, password = str(where.username), str(where.password)
    for words, way in ((password, True), ("guess", False)):
        for login in ("login", "plain_login", "oauth2_login"):
            client = IMAPClient("127.0.0.1", where.port, ssl=False, timeout=5)
            with client, contextlib.nullcontext() if way else pytest.raises(LoginError):
                getattr(client, login)(user, words)
                client.select_folder("INBOX")


def test_a_connection_with_an_oauth_token_logs_in_by_it_and_not_by_the_password(
    office: Office,
) -> None:
    url = office.box.credentials["imap_url"]
    token = str(urlsplit(url).password)
    by_token = inbox(url.replace(token, "no-password"), access_token=token, folders="INBOX")
    assert look(by_token).missed == ()
    with pytest.raises(AccessLost) as lost:
        look(inbox(url, access_token="an-old-token", folders="INBOX"))
    assert "token" not in lost.value.detail


def test_senseless_lines_are_answered_and_the_connection_lives_on(office: Office) -> None:
    with standard(office) as client:
        client.select("INBOX")
        for line in ("FETCH", "FETCH x (FLAGS)", "UID", "FETCH 1 ((((", 'SEARCH "', "XYZZY",
                     "SEARCH SINCE tomorrow", "FETCH 1 (BODY[9.9])", "STORE 1 FLAGS"):  # fmt: skip
            with contextlib.suppress(imaplib.IMAP4.error):
                client.xatom(*line.split(" ", 1)) if line != "XYZZY" else client.xatom("XYZZY")
        assert client.noop()[0] == "OK"


def _conversation(client: Any) -> list[Any]:
    """What a client sees of a mailbox, what each server is free to choose left out."""
    told: list[Any] = []
    raw = (
        b"From: a@b.example\r\nTo: c@d.example\r\nSubject: %s\r\nX-Long: one\r\n two\r\n\r\n%s\r\n"
    )
    for subject, text in ((b"first", b"x" * 2000), (b"second", b"yy"), (b"third", b"")):
        client.append("INBOX", raw % (subject, text))
    chosen = client.select_folder("INBOX", readonly=True)
    told.append((chosen[b"EXISTS"], chosen[b"UIDNEXT"], chosen[b"READ-ONLY"]))
    told.append(client.folder_status("INBOX", ["MESSAGES", "UIDNEXT", "UNSEEN"]))
    asked: tuple[Any, ...] = (
        "ALL", ["UID", "2:*"], ["UID", "9:*"], ["SUBJECT", "second"], "UNSEEN", "SEEN",
        ["SINCE", time.strftime("%d-%b-%Y", time.gmtime(0))], ["NOT", ["SUBJECT", "first"]],
        ["OR", "SUBJECT", "first", "SUBJECT", "third"], ["LARGER", "1000"],
        ["HEADER", "X-Long", "one"], ["TEXT", "yy"],
    )  # fmt: skip
    told += [(criteria, list(client.search(criteria))) for criteria in asked]
    wanted = ["RFC822.SIZE", "BODY.PEEK[]<5.40>", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]",
              "BODY.PEEK[HEADER.FIELDS (SUBJECT X-LONG)]"]  # fmt: skip
    told.append(client.fetch([1, 2, 3], wanted))
    told.append(client.fetch([1], ["BODY[]"]))
    told.append(client.fetch([1], ["UID", "RFC822.HEADER"]))
    client.select_folder("INBOX")
    set_now = client.add_flags([1, 2], ["\\Deleted"])
    # Dovecot tells \\Recent too, which IMAP4rev2 has done away with.
    told.append({n: [f for f in flags if f != b"\\Recent"] for n, flags in set_now.items()})
    client.expunge()
    told.append(client.search())
    told.append(sorted(flag for flags, _, name in client.list_folders()
                       for flag in flags if flag == b"\\Sent"))  # fmt: skip
    return told


@needs_dovecot
@pytest.mark.xdist_group("mail servers")
def test_a_client_sees_what_it_sees_at_dovecot(office: Office) -> None:
    with other(office.box.credentials["imap_url"]) as client:
        ours = _conversation(client)
    with mail_servers(postfix=False) as servers, other(servers.mailbox("x@harbour.example")) as c:
        theirs = _conversation(c)
    for step, (one, another) in enumerate(zip(ours, theirs, strict=True)):
        assert one == another, f"step {step}"
