"""Consent: whose text messages have been stopped, by what words, and until when."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.building import ACCOUNT, NOW, policy, ref
from tricord.core.account import Account
from tricord.core.commands import Because, Effect, EffectState, SendMessage
from tricord.core.consent import OPTED_OUT, OptOut, is_start, is_stop, opted_out
from tricord.core.gate import objection
from tricord.core.ids import ConnectionName, Instant, Kind
from tricord.core.records import Channel, Direction, Message, Undelivered

PHONE = ConnectionName("phone")
CLIENT, OTHER, FIRM = "+15550142", "+15550143", "+15550100"
EARLY = NOW - timedelta(days=3)


def said(
    text: str, at: Instant | None, *, sender: str = CLIENT, sid: str = "SM1", **changes: object
) -> Message:
    values: dict[str, object] = {
        "ref": ref(PHONE, Kind.MESSAGE, sid),
        "version": 1,
        "channel": Channel.SMS,
        "direction": Direction.IN,
        "body": text,
        "sender": sender,
        "recipient": FIRM,
        "sent_at": at,
    }
    return Message(**{**values, **changes})  # type: ignore[arg-type]  # a table of fields


def text_to(recipient: str = CLIENT, channel: Channel = Channel.SMS) -> SendMessage:
    return SendMessage(
        key="message/reminder/1",
        connection=PHONE,
        account=ACCOUNT,
        because=Because(rule="reminders", policy="p"),
        template="reminder",
        recipient=recipient,
        recipient_name="Ana",
        subject="",
        body="Invoice N-1 is open.",
        about=ref(PHONE, Kind.INVOICE, "in_1"),
        at=NOW,
        channel=channel,
    )


def with_all(*messages: Message) -> Account:
    account = Account(id=ACCOUNT)
    for message in messages:
        account = account.with_record(message)
    return account


def refused(at: datetime, problem: str = f"code 21610: {OPTED_OUT}") -> Account:
    effect = Effect(
        command=text_to(),
        state=EffectState.REFUSED,
        planned_at=EARLY,
        ended_at=at,
        problem=problem,
    )
    return Account(id=ACCOUNT).with_effect(effect)


def test_t59_a_stop_word_keeps_every_text_to_that_number_back_at_once() -> None:
    account = with_all(said("STOP", NOW))
    assert objection(account, text_to(), policy()) == OPTED_OUT
    assert opted_out(account, Channel.SMS, CLIENT) == OptOut(basis="word", at=NOW)


def test_t59_only_that_number_and_only_that_channel_are_stopped() -> None:
    account = with_all(said("STOP", NOW))
    assert objection(account, text_to(OTHER), policy()) == ""
    assert objection(account, text_to(channel=Channel.EMAIL), policy()) == ""
    assert opted_out(account, Channel.EMAIL, CLIENT) is None


@pytest.mark.parametrize(
    "text",
    [
        "STOP", " stop ", "Stop.", "stop!!!", "“Stop”", "Stop please", "STOP texting me",
        "stop sending me these messages", "Stop I told you already", "stopall", "STOP ALL",
        "Unsubscribe", "unsubscribe me from this", "Cancel", "cancel all messages please", "END",
        "end it now", "quit", "Quit texting me", "revoke", "Revoke my consent", "optout",
        "Opt out", "opt-out please", "OPT OUT of everything", "ARRÊT", "arret",
        "stop\n[1 picture or file]",
    ],
)  # fmt: skip
def test_t59_any_of_these_is_a_stop(text: str) -> None:
    assert is_stop(text)
    assert not is_start(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "Can I stop by at three?", "Stop by any time", "stop in tomorrow", "stopp",
        "Cancel my appointment on Tuesday", "End of the month is fine", "Quit my job, can't pay",
        "Please do not stop", "The bus stop is closed", "Yes", "START",
    ],
)  # fmt: skip
def test_ordinary_sentences_are_no_stop(text: str) -> None:
    assert not is_stop(text)


@pytest.mark.parametrize("word", ["START", "unstop", " Yes! ", "start."])
def test_a_start_after_the_stop_opens_the_way_again(word: str) -> None:
    stop, start = said("STOP", EARLY), said(word, NOW, sid="SM2")
    assert opted_out(with_all(stop, start), Channel.SMS, CLIENT) is None
    later = said("stop", NOW + timedelta(minutes=1), sid="SM3")
    assert opted_out(with_all(stop, start, later), Channel.SMS, CLIENT) is not None


@pytest.mark.parametrize("text", ["yes please call me", "start over", "No"])
def test_a_start_word_in_a_sentence_opens_nothing(text: str) -> None:
    account = with_all(said("STOP", EARLY), said(text, NOW, sid="SM2"))
    assert opted_out(account, Channel.SMS, CLIENT) is not None


def test_t59_of_a_stop_and_a_start_at_one_moment_the_stop_counts() -> None:
    account = with_all(said("START", NOW, sid="SM1"), said("STOP", NOW, sid="SM2"))
    assert opted_out(account, Channel.SMS, CLIENT) is not None


def test_t59_a_stop_without_a_date_is_not_overruled_by_a_start() -> None:
    account = with_all(said("STOP", None), said("START", NOW, sid="SM2"))
    assert opted_out(account, Channel.SMS, CLIENT) is not None


def test_what_the_firm_itself_writes_stops_nothing() -> None:
    ours = said("STOP", NOW, sender=FIRM, recipient=CLIENT, direction=Direction.OUT)
    assert opted_out(with_all(ours), Channel.SMS, CLIENT) is None


def test_t59_a_vendors_refusal_and_a_failure_for_that_reason_count_as_well() -> None:
    assert opted_out(refused(NOW), Channel.SMS, CLIENT) == OptOut(basis="refusal", at=NOW)
    assert opted_out(refused(NOW, "HTTP 400, code 21211"), Channel.SMS, CLIENT) is None
    failed = said(
        "Invoice N-1 is open.",
        NOW,
        sender=FIRM,
        recipient=CLIENT,
        direction=Direction.OUT,
        undelivered=Undelivered(recipient=CLIENT, code="21610", opted_out=True),
    )
    assert opted_out(with_all(failed), Channel.SMS, CLIENT) == OptOut(basis="failure", at=NOW)
    other = Undelivered(recipient=CLIENT, code="30003")
    account = with_all(said("x", NOW, direction=Direction.OUT, undelivered=other))
    assert opted_out(account, Channel.SMS, CLIENT) is None


def test_a_start_after_the_refusal_opens_the_way_again() -> None:
    account = refused(EARLY).with_record(said("START", NOW))
    assert opted_out(account, Channel.SMS, CLIENT) is None


def test_a_number_is_the_same_however_it_is_spaced() -> None:
    assert opted_out(with_all(said("STOP", NOW)), Channel.SMS, "+1 555-0142") is not None


def test_t59_the_order_of_arrival_does_not_matter() -> None:
    messages = [
        said("STOP", EARLY, sid="SM1"),
        said("START", EARLY + timedelta(hours=1), sid="SM2"),
        said("Quit", EARLY + timedelta(hours=2), sid="SM3"),
    ]
    found = {opted_out(with_all(*order), Channel.SMS, CLIENT) for order in permutations(messages)}
    assert found == {OptOut(basis="word", at=EARLY + timedelta(hours=2))}


@given(st.text(max_size=60))
def test_no_text_is_both_a_stop_and_a_start_and_none_breaks_the_reading(text: str) -> None:
    assert not (is_stop(text) and is_start(text))
