"""Messages and calls on the timeline: once, since go-live, and only what may be read there."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core import building as make
from core.building import GO_LIVE, NOW, usd
from tricord.core.account import Account
from tricord.core.commands import ActivityKind, LogActivity, SendMessage
from tricord.core.decide import decide
from tricord.core.ids import ConnectionName, Kind
from tricord.core.policy.conditions import condition
from tricord.core.policy.types import Logging, Privileged
from tricord.core.records import (
    Call,
    CallStatus,
    Channel,
    Direction,
    Message,
    MessageStatus,
    Nature,
    Record,
)
from tricord.core.story import story
from tricord.core.threads import Threads

INBOX, OTHER = ConnectionName("inbox"), ConnectionName("zoe-inbox")
PHONE = ConnectionName("phone")
ANA, FIRM = "ana@northwind.example", "billing@harbour.example"
ALL = Logging(channels=frozenset({"email", "sms", "call"}), never=("*.court.example", "+1555*"))


def mail(name: str = "m1", connection: ConnectionName = INBOX, **changes: Any) -> Message:
    values: dict[str, Any] = {
        "ref": make.ref(connection, Kind.MESSAGE, name),
        "version": 1,
        "direction": Direction.IN,
        "status": MessageStatus.RECEIVED,
        "subject": "Re: Invoice",
        "body": "we pay on Friday",
        "sender": ANA,
        "recipient": FIRM,
        "sent_at": NOW,
        "message_id": f"{name}@northwind.example",
    }
    return Message(**(values | changes))


def client(*more: Record) -> Account:
    return make.account(*make.people(), make.customer(), make.deal("contractsigned"), *more)


def logged(account: Account, logging: Logging = ALL) -> list[LogActivity]:
    plan = decide(account, make.policy(logging=logging), NOW)
    found = [c for c in plan.commands if isinstance(c, LogActivity)]
    return [c for c in found if c.activity is not ActivityKind.NOTE]


def test_what_a_client_writes_stands_on_deal_company_and_person() -> None:
    (told,) = logged(client(mail()))
    assert told.activity is ActivityKind.EMAIL
    assert told.direction is Direction.IN
    assert (told.subject, told.body) == ("Re: Invoice", "we pay on Friday")
    assert (told.sender, told.recipient) == (ANA, FIRM)
    assert told.on == (make.DEAL, make.COMPANY, make.CONTACT)


def test_what_the_firm_writes_by_hand_stands_there_too() -> None:
    out = mail(direction=Direction.OUT, sender=FIRM, recipient=ANA, status=MessageStatus.SENT)
    (told,) = logged(client(out))
    assert (told.direction, told.recipient) == (Direction.OUT, ANA)


def test_a_mail_that_lies_in_two_mailboxes_is_told_once() -> None:
    one, another = mail("a", INBOX, message_id="x@y"), mail("b", OTHER, message_id="x@y")
    (told,) = logged(client(one, another))
    (early,) = logged(client(another))
    assert told.key == early.key
    assert "inbox" not in told.key


def test_our_own_mail_and_its_copy_among_the_sent_ones_are_one_entry() -> None:
    sent = mail("s", make.MAIL, direction=Direction.OUT, sender=FIRM, recipient=ANA,
                message_id="r@harbour.example", about=make.invoice(usd(1)).ref,
                status=MessageStatus.SENT)  # fmt: skip
    copy = replace(sent, ref=make.ref(INBOX, Kind.MESSAGE, "c"), about=None,
                   nature=Nature.AUTOMATIC, sender="Billing@harbour.example")  # fmt: skip
    account = client(make.invoice(usd(300_000)), sent, copy)
    (told,) = logged(account)
    assert told.direction is Direction.OUT
    assert [e.title for e in story(account, make.policy())].count("“Re: Invoice” was sent") == 1


def test_a_stranger_who_borrows_a_mails_name_does_not_pass_for_it() -> None:
    true = mail("a", INBOX, message_id="x@y")
    forged = mail("b", INBOX, message_id="x@y", sender="eve@evil.example", body="pay me instead")
    told = logged(client(true, forged))
    assert sorted(one.body for one in told) == ["pay me instead", "we pay on Friday"]
    assert len({one.key for one in told}) == 2


def test_robots_lists_and_bounces_are_no_correspondence() -> None:
    for nature in (Nature.AUTOMATIC, Nature.BULK, Nature.BOUNCE):
        assert logged(client(mail(nature=nature))) == []


def test_what_was_written_before_go_live_is_not_told_and_at_go_live_it_is() -> None:
    assert logged(client(mail(sent_at=GO_LIVE - timedelta(seconds=1)))) == []
    assert len(logged(client(mail(sent_at=GO_LIVE)))) == 1


def test_the_never_list_holds_for_both_directions_and_for_numbers() -> None:
    clerk = "clerk@first.court.example"
    assert logged(client(mail(sender=clerk))) == []
    assert logged(client(mail(direction=Direction.OUT, sender=FIRM, recipient=clerk))) == []
    text = mail(channel=Channel.SMS, sender="+15550199", recipient="+15550100")
    assert logged(client(text)) == []


def test_a_channel_the_policy_does_not_name_is_not_logged() -> None:
    only_mail = Logging(channels=frozenset({"email"}))
    text = mail(channel=Channel.SMS, sender="+4915550199", subject="")
    assert logged(client(text), only_mail) == []
    (told,) = logged(client(text))
    assert told.activity is ActivityKind.SMS
    assert told.subject == "Text message from +4915550199"


def test_a_text_message_is_told_once_it_has_left() -> None:
    for status, count in ((MessageStatus.QUEUED, 0), (MessageStatus.FAILED, 0),
                          (MessageStatus.SENT, 1), (MessageStatus.DELIVERED, 1)):  # fmt: skip
        text = mail(channel=Channel.SMS, direction=Direction.OUT, sender="+4915550100",
                    recipient="+4915550199", status=status)  # fmt: skip
        assert len(logged(client(text))) == count, status


def call(status: CallStatus, **changes: Any) -> Call:
    values: dict[str, Any] = {
        "ref": make.ref(PHONE, Kind.CALL, "c1"), "version": 1, "status": status,
        "caller": "+4915550199", "callee": "+4915550100", "started_at": NOW, "seconds": 61,
    }  # fmt: skip
    return Call(**(values | changes))


def test_a_call_is_told_when_it_is_over_and_a_missed_one_says_so() -> None:
    assert logged(client(call(CallStatus.RINGING))) == []
    assert logged(client(call(CallStatus.TALKING))) == []
    assert logged(client(call(CallStatus.FAILED))) == [], "it never began"
    (talked,) = logged(client(call(CallStatus.COMPLETED)))
    assert (talked.activity, talked.seconds) == (ActivityKind.CALL, 61)
    assert talked.subject == "Call from +4915550199"
    (missed,) = logged(client(call(CallStatus.MISSED, seconds=0)))
    assert missed.subject == "Missed call from +4915550199"
    entries = story(client(call(CallStatus.COMPLETED)), make.policy())
    assert ("Call from +4915550199", "They talked for 1 min 1 s.") in [
        (e.title, e.detail) for e in entries
    ]


def privileged(source: str) -> Logging:
    rule = Privileged(when=condition(source), excepted=frozenset({"payment"}))
    return Logging(channels=frozenset({"email"}), privileged=rule)


def test_t65_a_clients_words_and_subject_are_withheld_in_a_privileged_matter() -> None:
    secret = mail(subject="My confession", body="it was me")
    for source in ('deal.kind == "deal"', "deal.no_such_field == 1"):
        (told,) = logged(client(secret), privileged(source))
        assert "it was me" not in told.body
        assert told.subject == f"E-mail from {ANA}"
        entries = story(client(secret), make.policy(logging=privileged(source)))
        assert not any("confession" in entry.title + entry.detail for entry in entries)


def test_t65_a_mail_that_may_be_about_any_matter_is_withheld_if_one_is_privileged() -> None:
    other = make.deal("new", ref=make.ref(make.CRM, Kind.DEAL, "43"), name="Advice")
    rule = privileged('deal.name == "Advice"')
    (told,) = logged(client(other, mail()), rule)
    assert "Friday" not in told.body


def test_t65_the_answer_to_an_excepted_receipt_is_not_excepted() -> None:
    paid = client(make.invoice(usd(300_000)), make.payment(usd(300_000)))
    receipt = next(c for c in decide(paid, make.policy(), NOW).commands
                   if isinstance(c, SendMessage))  # fmt: skip
    sent = mail("r", make.MAIL, direction=Direction.OUT, sender=FIRM, recipient=ANA, body="thanks",
                about=receipt.about, status=MessageStatus.SENT)  # fmt: skip
    answer = mail("a", references=("r@northwind.example",), body="and by the way")
    account = paid.with_record(sent).with_record(answer)
    account = account.with_effect(make.done(receipt, sent.ref))
    told = {one.sender: one.body for one in logged(account, privileged('deal.kind == "deal"'))}
    assert told[FIRM] == "thanks"
    assert "by the way" not in told[ANA]


def test_a_reply_is_about_what_the_mail_it_answers_is_about() -> None:
    bill = make.invoice(usd(1)).ref
    first = mail("1", make.MAIL, about=bill, direction=Direction.OUT)
    second = mail("2", references=("1@northwind.example",))
    third = mail("3", references=("unknown@x", "2@northwind.example", "also-unknown@x"))
    threads = Threads.of([third, second, first])
    assert threads.answered_by(third) == second
    assert threads.matter_of(third) == bill


def test_messages_that_answer_each_other_in_a_ring_are_about_nothing() -> None:
    one = mail("1", references=("2@northwind.example",))
    two = mail("2", references=("1@northwind.example",))
    assert Threads.of([one, two]).matter_of(one) is None


_names = st.sampled_from(["1", "2", "3", "4"])


@given(st.lists(st.tuples(_names, _names, st.booleans(), st.sampled_from([INBOX, OTHER])),
                max_size=8), st.randoms())  # fmt: skip
@settings(deadline=None)
def test_invariant_5_copies_are_told_the_same_in_every_order(rows: list[Any], dice: Any) -> None:
    messages = [
        mail(f"{name}{place}", where, message_id=f"{name}@x", references=(f"{before}@x",),
             nature=Nature.WRITTEN if written else Nature.AUTOMATIC)
        for place, (name, before, written, where) in enumerate(rows)
    ]  # fmt: skip
    shuffled = list(messages)
    dice.shuffle(shuffled)
    assert Threads.of(messages) == Threads.of(shuffled)
    assert logged(client(*messages)) == logged(client(*shuffled))
    assert len({c.key for c in logged(client(*messages))}) == len(logged(client(*messages)))
