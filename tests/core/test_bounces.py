"""Bounces: a case for a person, and no further message to an address that fails."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import building as make
from core.building import GO_LIVE, NOW, usd
from core.test_correspondence import ANA, FIRM, INBOX, client, mail
from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import SendMessage
from tricord.core.decide import decide
from tricord.core.gate import objection
from tricord.core.ids import Kind
from tricord.core.records import (
    Channel,
    Contact,
    Direction,
    Message,
    MessageStatus,
    Nature,
    Undelivered,
)

HOUR = timedelta(hours=1)


def sent(**changes: Any) -> Message:
    values: dict[str, Any] = {
        "direction": Direction.OUT, "sender": FIRM, "recipient": ANA, "subject": "Invoice N-1",
        "message_id": "one@harbour.example", "about": make.invoice(usd(1)).ref,
        "status": MessageStatus.SENT,
    }  # fmt: skip
    return mail("sent", make.MAIL, **(values | changes))


def bounce(code: str = "5.1.1", *, of: str = "one@harbour.example", permanent: bool = True,
           recipient: str = ANA, **changes: Any) -> Message:  # fmt: skip
    failed = Undelivered(recipient=recipient, message_id=of, code=code, permanent=permanent)
    values = {"nature": Nature.BOUNCE, "sender": "mailer-daemon@mx.example", "undelivered": failed,
              "references": (of,), "sent_at": NOW + HOUR}  # fmt: skip
    return mail("bounce", INBOX, **(values | changes))


def billed(*more: Message) -> Account:
    return client(make.invoice(usd(300_000)), *more)


def cases(account: Account) -> list[Case]:
    return [one for one in decide(account, make.policy(), NOW).cases if one.kind == "bounced"]


def next_mail(account: Account) -> SendMessage:
    paid = account.with_record(make.payment(usd(300_000)))
    plan = decide(paid, make.policy(), NOW)
    return next(c for c in plan.commands if isinstance(c, SendMessage))


def refusal(account: Account) -> str:
    paid = account.with_record(make.payment(usd(300_000)))
    return objection(paid, next_mail(account), make.policy())


def test_a_bounce_is_one_case_with_owner_money_and_what_to_do() -> None:
    (case,) = cases(billed(sent(), bounce()))
    assert case.owner == "role:operations"
    assert case.account == make.ACCOUNT
    assert case.money == usd(300_000)
    assert "there is no such address" in case.title
    assert "Northwind Traders" in case.title
    assert "5.1.1" in case.evidence[0]
    assert case.next_actions[0].startswith("Correct the address of the contact in the CRM")


def test_t44_the_case_shows_the_address_masked_and_its_key_not_at_all() -> None:
    (case,) = cases(billed(sent(), bounce()))
    assert ANA not in repr(case)
    assert "a***@northwind.example" in case.title
    assert "northwind" not in case.key


def test_several_bounces_of_one_address_are_one_case() -> None:
    again = replace(bounce(), ref=make.ref(INBOX, Kind.MESSAGE, "b2"), sent_at=NOW + 2 * HOUR)
    (case,) = cases(billed(sent(), bounce(), again))
    assert case.key.endswith(":bounce")


def test_a_delay_is_nothing() -> None:
    delayed = bounce("4.4.1", permanent=False)
    assert cases(billed(sent(), delayed)) == []
    assert refusal(billed(sent(), delayed)) == ""


def test_a_bounce_before_go_live_is_no_case() -> None:
    assert cases(billed(sent(), bounce(sent_at=GO_LIVE - HOUR))) == []


def test_t61_a_bounced_address_gets_no_further_mail() -> None:
    assert refusal(billed(sent())) == ""
    assert refusal(billed(sent(), bounce())) == "mails to this address bounce"
    capital = bounce(recipient="Ana@Northwind.example")
    assert refusal(billed(sent(recipient="ANA@northwind.example"), capital))


@pytest.mark.parametrize("code", ["5.2.2", "5.2.3", "5.3.4", "4.4.7"])
def test_what_was_wrong_with_one_message_does_not_stop_the_next(code: str) -> None:
    assert refusal(billed(sent(), bounce(code))) == ""
    assert len(cases(billed(sent(), bounce(code)))) == 1, "a person hears of it all the same"


def test_t61_a_forged_report_of_a_mail_we_never_sent_stops_nothing() -> None:
    forged = bounce(of="never-sent@harbour.example")
    assert refusal(billed(sent(), forged)) == ""
    answered = bounce(of="theirs@northwind.example")
    theirs = mail("theirs", message_id="theirs@northwind.example")
    assert refusal(billed(theirs, answered)) == "", "a mail that came in cannot have bounced"


def test_the_address_we_wrote_to_counts_where_the_client_has_it_forwarded() -> None:
    elsewhere = bounce(recipient="ana.private@else.example")
    assert refusal(billed(sent(), elsewhere)) == "mails to this address bounce"
    assert "a***@northwind.example" in cases(billed(sent(), elsewhere))[0].title


def test_who_writes_from_the_address_can_be_reached_there_again() -> None:
    before = mail("before", sent_at=NOW)
    after = mail("after", sent_at=NOW + 2 * HOUR)
    robot = mail("robot", sent_at=NOW + 2 * HOUR, nature=Nature.AUTOMATIC)
    assert refusal(billed(sent(), bounce(), before, robot))
    assert refusal(billed(sent(), bounce(), after)) == ""
    assert cases(billed(sent(), bounce(), after)) == []


def test_the_case_closes_when_nobody_has_the_address_any_more() -> None:
    account = billed(sent(), bounce())
    moved = Contact(ref=make.CONTACT, version=2, name="Ana", email="ana@new.example",
                    company=make.COMPANY)  # fmt: skip
    corrected = account.with_record(moved)
    customer = replace(make.customer(), version=2, email="ana@new.example")
    assert len(cases(corrected)) == 1, "the billing engine still writes to the old one"
    assert cases(corrected.with_record(customer)) == []


def test_a_text_message_that_fails_for_good_stops_the_next_one_to_the_number() -> None:
    number = "+4915550199"
    failed = sent(channel=Channel.SMS, recipient=number, subject="", status=MessageStatus.FAILED,
                  undelivered=Undelivered(recipient=number, code="30005"))  # fmt: skip
    person = Contact(ref=make.CONTACT, version=2, name="Ana", phone="+49 155 50199",
                     company=make.COMPANY)  # fmt: skip
    account = billed(failed).with_record(person)
    (case,) = cases(account)
    assert case.title.startswith("A text message to Northwind Traders at ***99")
    text = replace(next_mail(billed()), channel=Channel.SMS, recipient=number)
    paid = account.with_record(make.payment(usd(300_000)))
    assert objection(paid, text, make.policy()) == "messages to this number fail"


def test_who_has_opted_out_is_no_bounce() -> None:
    wish = Undelivered(recipient=ANA, code="21610", opted_out=True)
    stopped = sent(channel=Channel.SMS, status=MessageStatus.FAILED, undelivered=wish)
    assert cases(billed(stopped)) == []


def test_the_other_side_of_a_report_is_the_client_and_not_the_server() -> None:
    assert bounce().other == ANA
