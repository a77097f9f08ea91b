"""Mails as strangers write them: whose words, which thread, and no end of patience for none."""

import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tricord.core.ids import ConnectionName
from tricord.core.records import Direction, Message, Nature
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.mails.letters import Found, Letter, Own, message_of, read_letter
from tricord.sdk.mails.markup import reduced
from tricord.sdk.mails.replies import own_words

NOW = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
OWN = Own.of("billing@harbour.example, @Harbour.example")
FOUND = Found(connection=ConnectionName("inbox"), seen_at=NOW, arrived_at=NOW)
HEAD = (
    b"From: zoe@northwind.example\r\nTo: billing@harbour.example\r\n"
    b"Message-ID: <1@northwind.example>\r\nSubject: x\r\n"
)


def letter(text: str = "Hello", **headers: str) -> Letter:
    mail = EmailMessage()
    for name, value in {"From": "zoe@northwind.example", **headers}.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return read_letter(mail.as_bytes())


def message(found: Found = FOUND, **headers: str) -> Message | None:
    return message_of(letter(**{"To": "billing@harbour.example", **headers}), OWN, found)


# Whose words


@pytest.mark.parametrize(
    "quoting",
    [
        "On Mon, 2 Nov 2026 at 15:30, Harbour <billing@harbour.example> wrote:\n\n> old",
        "On Mon, 2 Nov 2026 at 15:30, Harbour Studio of the Long Name\n"
        "<billing@harbour.example> wrote:\n> old\n>\n> older",
        "Am 02.11.2026 um 15:30 schrieb Harbour Studio:\n> old",
        "Le lun. 2 nov. 2026 à 15:30, Harbour <b@h.example> a écrit :\n> old",
        "El lun, 2 nov 2026 a las 15:30, Harbour (<b@h.example>) escribió:\n> old",
        "Il giorno lun 2 nov 2026 alle ore 15:30 Harbour <b@h.example> ha scritto:\n> old",
        "2026年11月2日(月) 15:30 Harbour <b@h.example>のメール:\n> old",
        "-----Original Message-----\nFrom: Harbour\nold",
        "---------- Forwarded message ---------\nFrom: Harbour\nold",
        "________________________________\nFrom: Harbour <b@h.example>\n"
        "Sent: Monday\nTo: Zoe\nSubject: x\n\nold",
        "Von: Harbour\nGesendet: Montag\nAn: Zoe\nBetreff: x\n\nold",
        "On Mon, 2 Nov 2026 at 15:30, Harbour <b@h.example> wrote:\nold, and not marked",
        "> old\n> older",
    ],
)
def test_the_mail_that_is_answered_is_cut_off(quoting: str) -> None:
    assert own_words(f"We pay on Friday.\n\nZoë\n\n{quoting}\n") == "We pay on Friday.\n\nZoë"


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I asked who wrote:\nnobody did.",
        "From: here on we pay later.\nTo: be clear, by the 16th.",
        "> when do you pay?\nOn Friday.\n> and how?\nBy card.",
        "On Mon, 2 Nov 2026 at 15:30, Harbour <b@h.example> wrote:\n> when?\nOn Friday.",
        "a > b\nand 3 > 2",
        "-- \nZoë",
        "",
    ],
)
def test_what_is_not_surely_the_old_mail_is_kept(text: str) -> None:
    assert own_words(text) == text.strip()


def test_a_mail_of_nothing_but_a_quote_is_kept_whole() -> None:
    quote = "On Mon, 2 Nov 2026 at 15:30, Harbour <b@h.example> wrote:\n> old"
    assert own_words(quote) == quote


def test_markup_is_reduced_to_its_words() -> None:
    page = (
        "<html><head><title>T</title><style>p{}</style></head><!-- <p>no</p> --><body>"
        "<p>Fish &amp; <b>chips</b></p>\n<SCRIPT>alert('<p>')</SCRIPT><ul><li>one<li>two</ul>"
        "<table><tr><td>a</td><td>b</td></tr></table><blockquote>old<blockquote>older</blockquote>"
        "</blockquote>3 < 4<br/>end</body></html>"
    )
    assert reduced(page).split("\n") == [
        "Fish & chips", "", "- one", "- two", "", "a b", "", "> old", ">> older", "",
        "3 < 4", "end",
    ]  # fmt: skip


def test_an_html_answer_is_cut_as_a_plain_one_is() -> None:
    raw = HEAD + (
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<div>On Friday.</div>"
        b"<div class=gmail_quote>On Mon, 2 Nov 2026 at 15:30, Harbour &lt;b@h.example&gt; wrote:"
        b"<blockquote>old<br>older</blockquote></div>"
    )
    assert read_letter(raw).text == "On Friday."


def test_lines_that_flow_are_joined() -> None:
    raw = HEAD + (
        b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\none two thr \r\nee four\r\n"
        b"> quoted \r\n> on\r\nlast\r\n"
    )
    assert read_letter(raw).text == "one two three four\n> quotedon\nlast"


# In which thread, from whom to whom


def test_a_thread_is_its_references_and_what_it_answers_each_once() -> None:
    found = letter(References="<a@x> <b@x> <a@x>", In_Reply_To="<c@x> (of Monday)")
    assert found.references == ("a@x", "b@x", "c@x")


def test_a_long_thread_keeps_its_start_and_its_end() -> None:
    found = read_letter(HEAD + b"References: " + b" ".join(b"<%d@x>" % n for n in range(400)))
    assert len(found.references) == 101
    assert (found.references[0], found.references[-1]) == ("0@x", "399@x")


def test_a_mail_without_a_name_is_called_by_its_bytes() -> None:
    one, same, other = letter(), letter(), letter("Hello again")
    assert one.message_id == same.message_id != other.message_id
    assert one.message_id.endswith("@unnamed.invalid")


def test_direction_is_told_by_the_firms_addresses_and_by_the_folder() -> None:
    came = message()
    assert came is not None
    assert (came.direction, came.other) == (Direction.IN, "zoe@northwind.example")
    went = message(From="Tom <TOM@harbour.example>", To="billing@harbour.example, a@x.example")
    assert went is not None
    assert (went.direction, went.other) == (Direction.OUT, "a@x.example")
    alias = message(Found(connection=ConnectionName("inbox"), seen_at=NOW, arrived_at=NOW,
                          sent=True), From="me@alias.example", To="a@x.example")  # fmt: skip
    assert alias is not None
    assert alias.direction is Direction.OUT
    assert message(From="tom@harbour.example") is None, "within the firm"
    assert message(From="undisclosed") is None, "from nobody"


def test_an_address_in_somebodys_display_name_is_not_theirs() -> None:
    found = letter(From='"billing@harbour.example" <eve@evil.example>')
    assert found.sender == "eve@evil.example"


def test_a_mail_may_be_older_than_its_arrival_and_never_younger() -> None:
    for written, counted in (
        (NOW - timedelta(days=900), NOW - timedelta(days=900)),
        (NOW + timedelta(minutes=5), NOW + timedelta(minutes=5)),
        (NOW + timedelta(days=2), NOW),
    ):
        found = message(Date=f"{written:%a, %d %b %Y %H:%M:%S} +0000")
        assert found is not None
        assert found.sent_at == counted
    for senseless in ("yesterday", "Mon, 99 Foo 2026", "9" * 50):
        found = message(Date=senseless)
        assert found is not None
        assert found.sent_at == NOW


# Who wrote it


@pytest.mark.parametrize(
    ("headers", "nature"),
    [
        ({}, Nature.WRITTEN),
        ({"Auto_Submitted": "no"}, Nature.WRITTEN),
        ({"Subject": "Re: Automatic reply: hello"}, Nature.WRITTEN),
        ({"Precedence": "first-class"}, Nature.WRITTEN),
        ({"Auto_Submitted": "auto-replied (vacation)"}, Nature.AUTOMATIC),
        ({"Auto_Submitted": "Auto-Generated; owner-email=x"}, Nature.AUTOMATIC),
        ({"X_Auto_Response_Suppress": "All"}, Nature.AUTOMATIC),
        ({"X_Autoreply": "yes"}, Nature.AUTOMATIC),
        ({"Precedence": "auto_reply"}, Nature.AUTOMATIC),
        ({"Return_Path": "<>"}, Nature.AUTOMATIC),
        ({"From": "noreply@northwind.example"}, Nature.AUTOMATIC),
        ({"From": "MAILER-DAEMON@northwind.example"}, Nature.AUTOMATIC),
        ({"Subject": "Automatic reply: hello"}, Nature.AUTOMATIC),
        ({"Subject": "Abwesenheitsnotiz: hallo"}, Nature.AUTOMATIC),
        ({"List_Id": "<design.lists.example>"}, Nature.BULK),
        ({"List_Unsubscribe": "<mailto:u@lists.example>"}, Nature.BULK),
        ({"Precedence": "bulk"}, Nature.BULK),
        ({"Precedence": "list", "Auto_Submitted": "auto-generated"}, Nature.AUTOMATIC),
    ],
)
def test_t24_a_robot_or_a_list_is_not_taken_for_a_person(
    headers: dict[str, str], nature: Nature
) -> None:
    assert letter(**headers).nature is nature


def test_a_bounce_that_a_person_forwards_is_no_bounce() -> None:
    report = (
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n\r\n--r\r\n'
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; a@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--r--\r\n"
    )
    outer = HEAD + b'Content-Type: multipart/mixed; boundary="o"\r\n\r\n--o\r\n\r\nLook!\r\n--o\r\n'
    found = read_letter(outer + b"Content-Type: message/rfc822\r\n\r\n" + report + b"\r\n--o--\r\n")
    assert (found.nature, found.undelivered) == (Nature.WRITTEN, None)
    assert found.text.startswith("Look!")
    assert read_letter(HEAD + report).nature is Nature.BOUNCE


def test_words_of_failure_without_recipient_or_code_are_believed_by_nobody() -> None:
    for text in ("Your mail failed.", "<a@x.example> was not there.", "Error 550."):
        found = letter(text, From="mailer-daemon@x.example", Subject="failure notice")
        assert found.nature is Nature.AUTOMATIC
        assert found.undelivered is None


# No end of patience


def _nested(levels: int) -> bytes:
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(levels)
    )
    return HEAD + parts + b"Content-Type: text/plain\r\n\r\ndeep\r\n"


def test_t25_thirty_levels_are_read_and_three_thousand_are_not() -> None:
    assert read_letter(_nested(30)).text == "deep"
    assert read_letter(_nested(3000)).subject == "x"


_MEGABYTE = 1_000_000
_PLAIN = HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n"
_MARKED = HEAD + b"Content-Type: text/html\r\n\r\n"
HOSTILE = {
    "20 MB": _PLAIN + b"hello world\r\n" * 1_600_000,
    "blank lines": _PLAIN + b"\n" * 2 * _MEGABYTE,
    "many headers": HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)),
    "one long header": HEAD + b"X: " + b"a" * _MEGABYTE,
    "a folded header": HEAD + b"To: " + b"a@x.example,\r\n " * 80_000,
    "comments in comments": b"From: " + b"(" * _MEGABYTE,
    "quotes": b"From: " + b'"<@,;:\\' * 150_000,
    "parameters": HEAD + b"Content-Type: text/plain" + b';"' * 500_000 + b"\r\n\r\nx",
    "continued parameters": HEAD + b"Content-Type: text/plain" + b"; a*0*=x'" * 100_000,
    "encoded words": b"Subject: " + b"=?x?q?" * 150_000,
    "references": HEAD + b"References: " + b"<a@b> " * 150_000,
    "parts": HEAD + b"Content-Type: multipart/x; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 90_000,
    "nested and long": _nested(40) + b"deep\r\n" * 150_000,
    "mails in mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 40 + b"x",
    "base64 of nothing": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"!!!=" * 200_000,
    "uuencode": HEAD + b"Content-Transfer-Encoding: uuencode\r\n\r\nbegin 644\r\n" + b"!" * 900_000,
    "open tags": _MARKED + b"<a" * 500_000,
    "signs": _MARKED + b"<" * _MEGABYTE,
    "open comments": _MARKED + b"<!--" * 250_000,
    "open scripts": _MARKED + b"<script>" * 120_000,
    "entities": _MARKED + b"&#1;&amp" * 120_000,
    "quotes in quotes": _MARKED + b"<blockquote>" * 80_000,
    "headings": _PLAIN + b"On Mon, 2 Nov 2026 at 10:00 x wrote:\r\n" * 25_000,
    "half headings": _PLAIN + b"On Mon wrote On Mon wrote " * 40_000,
    "long headings": _PLAIN + (b"On " + b"wrote " * 60 + b":\r\n") * 2_700,
    "fields": _PLAIN + b"From: a\r\n" * 110_000,
    "marks": _PLAIN + b">" * _MEGABYTE,
    "marked lines": _PLAIN + b"> a \r\n" * 160_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_t25_no_mail_takes_long_whatever_its_size_and_shape(name: str) -> None:
    started = time.process_time()
    found = message_of(read_letter(HOSTILE[name]), OWN, FOUND)
    took = time.process_time() - started
    assert took < 4.0, f"{took:.1f} s"
    assert found is None or len(found.body) <= 300_000


_lines = st.sampled_from(
    [b"From: a@b.example", b"Content-Type: multipart/mixed; boundary=b", b"--b", b"--b--", b"",
     b"Content-Type: text/html", b"Content-Type: message/rfc822",
     b"Content-Type: message/delivery-status",
     b"Content-Type: multipart/report; report-type=delivery-status; boundary=b", b"Action: failed",
     b"Final-Recipient: rfc822;x@y.example", b"Status: 5.1.1", b"Content-Transfer-Encoding: base64",
     b"Content-Transfer-Encoding: x-uuencode", b"Subject: =?utf-8?b?w6k", b"Date: 31 Feb 99999",
     b"Content-Type: text/plain; charset=\xff; format=flowed", b"References: <<>> <a@b>", b"> q",
     b"Content-Disposition: attachment; filename*=x''%ff%00", b"To: ,;:<>@\"(", b"<p>x</p>"]
)  # fmt: skip


@given(lines=st.lists(_lines | st.binary(max_size=30), max_size=30))
@settings(max_examples=400, deadline=None)
def test_t25_any_bytes_are_a_mail_or_are_refused(lines: list[bytes]) -> None:
    try:
        found = read_letter(b"\r\n".join(lines))
    except PayloadMalformed:
        return
    words = [found.message_id, found.subject, found.text, found.sender, *found.recipients,
             *found.references]  # fmt: skip
    assert found.message_id
    assert all("\x00" not in one and one.encode() is not None for one in words)
    message_of(found, OWN, FOUND)
