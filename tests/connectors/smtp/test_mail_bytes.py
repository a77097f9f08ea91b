"""The bytes of a mail: one recipient, no header that was not meant, the same on every attempt."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.headerregistry import AddressHeader
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.subjects import SUBJECTS
from tricord.app.suite.exemplars import NOW, exemplar
from tricord.connectors.smtp.act import send_message
from tricord.core.commands import SendMessage
from tricord.sdk.connector import Access, Work
from tricord.sdk.errors import Refused
from tricord.sdk.talk import Done, Mail, Response

ACCESS = SUBJECTS["smtp"].access
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "In-Reply-To", "References",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
]  # fmt: skip
_texts = st.text(max_size=120) | st.text("abc ,;:<>@\"'()[]\\\r\n\t=?_éß日é", max_size=120)
_addresses = st.sampled_from(
    ["zoe@northwind.example", "o'neill+a.b@sub.northwind.example", '"z o e"@northwind.example']
)


def command(**changed: object) -> SendMessage:
    made = exemplar("send_message", ACCESS.connection, {})
    assert isinstance(made, SendMessage)
    return replace(made, **changed)  # type: ignore[arg-type]  # fields by name


def mail_of(sent: SendMessage, hours: int = 0, access: Access = ACCESS) -> Mail:
    work = Work(key=sent.key, at=NOW + timedelta(hours=hours), again=bool(hours))
    wire = next(send_message(access, sent, work))
    assert isinstance(wire, Mail)
    return wire


def mail_or_none(sent: SendMessage) -> Mail | None:
    """None where it is refused, in words that are always the same and so hold nothing of it."""
    try:
        return mail_of(sent)
    except Refused as refusal:
        words = refusal.detail
    assert words == "a name, address or subject is not fit for a mail header"
    return None


def read(mail: Mail) -> EmailMessage:
    found = message_from_bytes(mail.content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def recipients(mail: Mail) -> list[str]:
    header = read(mail)["To"]
    assert isinstance(header, AddressHeader)
    return [address.addr_spec for address in header.addresses]


def test_the_message_id_is_the_same_on_every_attempt_and_another_for_another_key() -> None:
    first, second = read(mail_of(command())), read(mail_of(command(), hours=9))
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@harbour.example>")
    assert read(mail_of(command(key="other")))["Message-ID"] != first["Message-ID"]


def test_the_id_that_is_reported_is_the_one_in_the_mail() -> None:
    sent = command()
    talk = send_message(ACCESS, sent, Work(key=sent.key, at=NOW, again=False))
    wire = next(talk)
    assert isinstance(wire, Mail)
    with pytest.raises(StopIteration) as end:
        talk.send(Response(status=250))
    done = end.value.value
    assert isinstance(done, Done)
    assert done.remote is not None
    assert read(wire)["Message-ID"] == f"<{done.remote.external_id}>"


def test_an_answer_in_a_thread_refers_to_all_that_came_before_it() -> None:
    earlier = [read(mail_of(command(key=key)))["Message-ID"] for key in ("first", "second")]
    answer = read(mail_of(command(thread=("first", "second"))))
    assert answer["References"].split() == earlier
    assert answer["In-Reply-To"] == earlier[-1]


def test_an_answer_to_a_clients_mail_stands_in_the_clients_thread() -> None:
    theirs = ("first@northwind.example", "second@northwind.example")
    answer = read(mail_of(command(in_reply_to=theirs, thread=())))
    assert answer["In-Reply-To"] == "<second@northwind.example>"
    assert answer["References"] == "<first@northwind.example> <second@northwind.example>"


def test_the_thread_that_is_told_is_the_one_in_the_mail() -> None:
    sent = command(in_reply_to=("a@northwind.example",))
    talk = send_message(ACCESS, sent, Work(key=sent.key, at=NOW, again=False))
    wire = next(talk)
    assert isinstance(wire, Mail)
    with pytest.raises(StopIteration) as end:
        talk.send(Response(status=250))
    (seen,) = end.value.value.seen
    assert read(wire)["Message-ID"] == f"<{seen.message_id}>"
    assert read(wire)["References"].split() == [f"<{one}>" for one in seen.references]
    assert wire.envelope_id == seen.message_id


@pytest.mark.parametrize(
    "strange", ["a@b>\r\nBcc: eve@evil.example", "a b@c", "a@b> <c@d", "", "é@x", "x" * 2000]
)
def test_t23_a_message_id_of_a_stranger_smuggles_nothing_in(strange: str) -> None:
    answer = read(mail_of(command(in_reply_to=(strange, "good@northwind.example"), thread=())))
    assert sorted(answer.keys()) == sorted(HEADERS)
    assert answer["References"] == "<good@northwind.example>"


def test_no_robot_should_answer() -> None:
    assert read(mail_of(command()))["Auto-Submitted"] == "auto-generated"


def test_names_subjects_and_texts_beyond_english_arrive_as_written() -> None:
    sent = command(recipient_name="山田 花子", subject="Überfällig: 10 €", body="žluť\n\n10 €")
    found = read(mail_of(sent))
    assert found["To"].addresses[0].display_name == "山田 花子"
    assert found["Subject"] == "Überfällig: 10 €"
    assert found.get_content().splitlines() == ["žluť", "", "10 €"]


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "Thanks\r\nBcc: eve@evil.example"},
        {"subject": "Thanks\rBcc: eve@evil.example"},
        {"subject": "Thanks\x85Bcc: eve@evil.example"},
        {"subject": "Thanks\u2028Bcc: eve@evil.example"},
        {"subject": "\r"},
        {"subject": "Thanks\nBcc: eve@evil.example"},
        {"recipient_name": "Zoë\r\nBcc: eve@evil.example"},
        {"recipient": "zoe@northwind.example\r\nBcc: eve@evil.example"},
        {"recipient": "zoe@northwind.example\r\nRCPT TO:<eve@evil.example>"},
        {"recipient": "zoe@northwind.example, eve@evil.example"},
        {"recipient": "zoe@northwind.example>, <eve@evil.example"},
        {"recipient": "zoë@northwind.example"},
        {"recipient": "zoe@"},
        {"recipient": "@northwind.example"},
        {"recipient": ""},
    ],
)
def test_t23_what_could_smuggle_in_a_header_or_a_recipient_is_refused(
    changed: dict[str, str],
) -> None:
    with pytest.raises(Refused) as refusal:
        mail_of(command(**changed))
    assert "example" not in refusal.value.detail


@given(name=_texts, subject=_texts, body=_texts, address=_addresses)
@settings(max_examples=300, deadline=None)
def test_t23_any_name_subject_and_text_make_one_mail_to_one_person_or_none(
    name: str, subject: str, body: str, address: str
) -> None:
    sent = command(recipient_name=name, subject=subject, body=body, recipient=address)
    mail = mail_or_none(sent)
    if mail is None:
        return
    assert mail.content.isascii()
    assert sorted(read(mail).keys()) == sorted(HEADERS)
    assert mail.recipient == address
    assert recipients(mail) == [address]


@given(recipient=st.text(max_size=40) | st.text('ab@.,;:<>"()\\\r\n\t ', max_size=40))
@settings(max_examples=300, deadline=None)
def test_t23_any_address_is_one_recipient_or_refused(recipient: str) -> None:
    mail = mail_or_none(command(recipient=recipient))
    if mail is None:
        return
    assert mail.content.isascii()
    assert sorted(read(mail).keys()) == sorted(HEADERS)
    assert len(recipients(mail)) == 1
    assert not set(mail.recipient) & set("\r\n")


def test_t23_a_sender_that_is_none_is_refused_before_anything_leaves() -> None:
    sender = {"sender": "Harbour\nBcc: eve@evil.example"}
    broken = Access(connection=ACCESS.connection, settings=sender)
    with pytest.raises(Refused):
        mail_of(command(), access=broken)
