"""Mail as it arrives, is refused, and is broken off."""

import smtplib
from urllib.parse import urlsplit

import pytest

from end_to_end.mail_talks import connection, inbox, look, messages, send
from sandbox.smtp.conftest import Office, mail_to
from tricord.core.records import Message, Nature, Undelivered


def test_a_mail_is_kept_with_its_envelope_headers_and_text(office: Office) -> None:
    mail = mail_to(
        "kim@client.example",
        subject="Rechnung für Zoë",
        text="Grüße aus Köln",
        In_Reply_To="<before@client.example>",
        References="<first@client.example> <before@client.example>",
        Auto_Submitted="auto-generated",
    )
    assert office.send(mail) == {}
    (kept,) = office.state()["messages"]
    assert kept["mail_from"] == "billing@firm.example"
    assert kept["rcpt_to"] == ["kim@client.example"]
    assert kept["message_id"] == "<one@firm.example>"
    assert kept["subject"] == "Rechnung für Zoë"
    assert kept["text"].strip() == "Grüße aus Köln"
    assert kept["in_reply_to"] == "<before@client.example>"
    assert kept["references"] == "<first@client.example> <before@client.example>"
    assert kept["headers"]["Auto-Submitted"] == "auto-generated"
    assert kept["received_at"] == "2026-03-01T09:30:00+00:00"
    assert "Subject:" in kept["raw"]


def test_the_address_names_a_port_and_a_password(office: Office) -> None:
    where = urlsplit(office.box.credentials["url"])
    assert (where.scheme, where.hostname) == ("smtp", "127.0.0.1")
    assert where.port
    assert where.port != urlsplit(office.url).port


def test_a_wrong_password_is_refused(office: Office) -> None:
    where = urlsplit(office.box.credentials["url"])
    with (
        smtplib.SMTP("127.0.0.1", where.port or 0, timeout=5) as client,
        pytest.raises(smtplib.SMTPAuthenticationError),
    ):
        client.login("sandbox", "guess")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_both_ways_to_log_in_work(office: Office, mechanism: str) -> None:
    where = urlsplit(office.box.credentials["url"])
    with smtplib.SMTP("127.0.0.1", where.port or 0, timeout=5) as client:
        client.ehlo()
        assert mechanism in client.esmtp_features["auth"].split()
        client.user, client.password = str(where.username), str(where.password)
        way = client.auth_plain if mechanism == "PLAIN" else client.auth_login
        assert client.auth(mechanism, way)[0] == 235


def test_nobody_sends_without_logging_in(office: Office) -> None:
    where = urlsplit(office.box.credentials["url"])
    with (
        smtplib.SMTP("127.0.0.1", where.port or 0, timeout=5) as client,
        pytest.raises(smtplib.SMTPException),
    ):
        client.send_message(mail_to("kim@client.example"))
    assert office.state()["messages"] == []


def test_a_bounced_recipient_does_not_stop_the_others(office: Office) -> None:
    refused = office.send(mail_to("gone@bounce.example", "kim@client.example"))
    assert refused["gone@bounce.example"][0] == 550
    assert refused["gone@bounce.example"][1].startswith(b"5.1.1")
    (kept,) = office.state()["messages"]
    assert kept["rcpt_to"] == ["kim@client.example"]


def test_a_greylisted_recipient_is_to_be_tried_again(office: Office) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        office.send(mail_to("busy@later.example"))
    code, words = caught.value.recipients["busy@later.example"]
    assert (code, words[:5]) == (451, b"4.7.1")
    assert office.state()["messages"] == []


def test_a_cut_connection_leaves_the_mail_behind_and_the_second_copy_is_counted(
    office: Office,
) -> None:
    office.let("timeout_after_acting", next=1)
    mail = mail_to("kim@client.example")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        office.send(mail)
    assert len(office.state()["messages"]) == 1
    assert office.state()["duplicates"] == {}
    office.send(mail)
    assert office.state()["duplicates"] == {"<one@firm.example>": 2}
    assert len({one["id"] for one in office.state()["messages"]}) == 2


def test_the_next_mails_can_be_refused_for_now(office: Office) -> None:
    office.let("server_error", next=1)
    mail = mail_to("kim@client.example")
    with pytest.raises(smtplib.SMTPDataError) as caught:
        office.send(mail)
    assert caught.value.smtp_code == 451
    assert office.state()["messages"] == []
    assert office.send(mail) == {}


def test_delivery_notices_can_be_asked_for(office: Office) -> None:
    with office.client() as client:
        client.ehlo()
        assert client.has_extn("dsn")
        client.sendmail(
            "billing@firm.example",
            ["kim@client.example"],
            b"Subject: x\r\n\r\ny",
            mail_options=["RET=HDRS", "ENVID=evt-123"],
            rcpt_options=["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;kim@client.example"],
        )
    (kept,) = office.state()["messages"]
    assert "ENVID=evt-123" in kept["parameters"]
    assert "NOTIFY=FAILURE,DELAY" in kept["parameters"]


def test_our_sender_asks_for_reports_and_the_bounce_names_our_mail(office: Office) -> None:
    url = office.box.credentials["url"]
    sender = "Harbour Studio <billing@harbour.example>"
    done = send(connection("smtp", url, sender=sender), key="a+b=c", thread=[])
    (sent,) = done.seen
    assert isinstance(sent, Message)
    (kept,) = office.state()["messages"]
    assert kept["parameters"] == [
        "RET=HDRS", f"ENVID={sent.message_id}", "NOTIFY=FAILURE,DELAY",
        "ORCPT=rfc822;zoe@northwind.example",
    ]  # fmt: skip
    office.do(f"mails/{kept['id']}/bounce", code="5.2.1")
    office.do(f"mails/{kept['id']}/bounce", code="4.4.1", action="delayed")
    box = inbox(office.box.credentials["imap_url"], folders="INBOX", since="2026-01-01")
    failed, delayed = messages(box, look(box))
    assert failed.undelivered == Undelivered(
        recipient="zoe@northwind.example", message_id=sent.message_id, code="5.2.1"
    )
    assert (failed.nature, delayed.nature) == (Nature.BOUNCE, Nature.AUTOMATIC)


def test_an_address_with_umlauts_is_accepted(office: Office) -> None:
    office.send(mail_to("jörg@client.example"))
    (kept,) = office.state()["messages"]
    assert kept["rcpt_to"] == ["jörg@client.example"]


def test_connections_are_counted(office: Office) -> None:
    office.send(mail_to("a@client.example"))
    office.send(mail_to("b@client.example"))
    assert office.state()["connections"] == 2


def test_a_client_that_stays_does_not_keep_the_box_from_stopping(office: Office) -> None:
    # The fixture stops the box, within its time limit, while this client is still connected.
    office.staying.append(office.client())
    assert len(office.box.office.open) == 1


def test_the_pages_show_the_newest_first_and_nothing_as_markup(office: Office) -> None:
    assert "No mail yet" in office.page("/")
    office.send(mail_to("a@client.example", subject="First"))
    office.send(mail_to("a@client.example", subject="<i>Second</i>", text="<script>1</script>"))
    listed = office.page("/")
    assert listed.index("Second") < listed.index("First")
    assert "&lt;i&gt;Second" in listed
    assert "arrived 2 times" in listed
    newest = office.state()["messages"][-1]["id"]
    shown = office.page(f"/mails/{newest}")
    assert "&lt;script&gt;1" in shown
    assert "billing@firm.example" in shown
