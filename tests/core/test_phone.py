"""Texts and calls as records: what they are about is kept, and they stand on the timeline."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from core.building import (
    ACCOUNT,
    COMPANY,
    CONTACT,
    DEAL,
    GO_LIVE,
    NOW,
    account,
    deal,
    people,
    policy,
    ref,
)
from tricord.core.account import Account
from tricord.core.commands import ActivityKind, LogActivity
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
    join,
)

PHONE = ConnectionName("phone")
CLIENT, FIRM = "+15550142", "+15550100"
ALL = Logging(channels=frozenset({"email", "sms", "call"}), never=(), privileged=None)


def text(**changes: object) -> Message:
    values: dict[str, object] = {
        "ref": ref(PHONE, Kind.MESSAGE, "SM1"),
        "version": 1,
        "channel": Channel.SMS,
        "direction": Direction.IN,
        "status": MessageStatus.RECEIVED,
        "body": "Is it due?",
        "sender": CLIENT,
        "recipient": FIRM,
        "sent_at": NOW,
    }
    return Message(**{**values, **changes})  # type: ignore[arg-type]  # a table of fields


def call(**changes: object) -> Call:
    values: dict[str, object] = {
        "ref": ref(PHONE, Kind.CALL, "CA1"),
        "version": 1,
        "status": CallStatus.COMPLETED,
        "caller": CLIENT,
        "callee": FIRM,
        "started_at": NOW,
        "seconds": 125,
    }
    return Call(**{**values, **changes})  # type: ignore[arg-type]  # a table of fields


def logged(of: Account, logging: Logging = ALL) -> list[LogActivity]:
    plan = decide(of, policy(logging=logging), NOW)
    return [
        command
        for command in plan.commands
        if isinstance(command, LogActivity) and PHONE in command.key
    ]


def known(*records: Message | Call) -> Account:
    found = account(*people(), deal())
    for record in records:
        found = found.with_record(record)
    return found


def test_invariant_5_what_a_message_is_about_is_kept_in_every_order_of_looks() -> None:
    ours = text(version=2, about=DEAL, status=MessageStatus.QUEUED, direction=Direction.OUT)
    before = text(version=1, status=MessageStatus.SENT, direction=Direction.OUT)
    after = text(version=3, status=MessageStatus.DELIVERED, direction=Direction.OUT)
    other = text(version=3, about=CONTACT, status=MessageStatus.DELIVERED, direction=Direction.OUT)
    for looks in ((ours, before, after), (ours, before, other, after)):
        found = set()
        for order in permutations(looks):
            joined = order[0]
            for look in order[1:]:
                again = join(joined, look)
                assert isinstance(again, Message)
                joined = again
            found.add(joined)
        (one,) = found
        assert one.about is not None
        assert one.status is MessageStatus.DELIVERED


def test_a_clients_text_stands_on_the_timeline_as_a_text() -> None:
    (command,) = logged(known(text()))
    assert command.activity is ActivityKind.SMS
    assert (command.direction, command.sender, command.recipient) == (Direction.IN, CLIENT, FIRM)
    assert command.body == "Is it due?"
    assert COMPANY in command.on


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "Call from +15550142"),
        ({"status": CallStatus.MISSED, "seconds": 0}, "Missed call from +15550142"),
        (
            {"direction": Direction.OUT, "caller": FIRM, "callee": CLIENT},
            "Call to +15550142",
        ),
        ({"caller": "", "status": CallStatus.MISSED}, "Missed call from a withheld number"),
    ],
)
def test_a_call_stands_on_the_timeline_once_it_is_over(
    changes: dict[str, object], subject: str
) -> None:
    (command,) = logged(known(call(**changes)))
    assert (command.activity, command.subject) == (ActivityKind.CALL, subject)


def test_a_call_tells_how_long_they_talked_and_that_it_was_recorded() -> None:
    (command,) = logged(known(call(recordings=("RE1",))))
    assert command.seconds == 125
    assert command.body == "They talked for 2 min 5 s.\n1 recorded at the telephone system."


@pytest.mark.parametrize("status", [CallStatus.RINGING, CallStatus.TALKING, CallStatus.FAILED])
def test_a_call_that_goes_on_or_never_began_is_not_logged(status: CallStatus) -> None:
    assert logged(known(call(status=status))) == []


def test_only_channels_that_the_policy_names_are_logged() -> None:
    both = known(text(), call())
    for channels, kinds in (
        (frozenset({"email"}), set()),
        (frozenset({"sms"}), {ActivityKind.SMS}),
        (frozenset({"call"}), {ActivityKind.CALL}),
    ):
        only = Logging(channels=channels, never=(), privileged=None)
        assert {command.activity for command in logged(both, only)} == kinds


def test_invariant_11_a_text_about_nobody_knows_what_is_withheld_where_a_deal_is_privileged() -> (
    None
):
    rule = Privileged(when=condition('deal.service_type == "project"'), excepted=frozenset())
    (command,) = logged(known(text()), replace(ALL, privileged=rule))
    assert command.body == "(The text is withheld: this record is privileged.)"
    other = Privileged(when=condition('deal.service_type == "hourly"'), excepted=frozenset())
    (command,) = logged(known(text()), replace(ALL, privileged=other))
    assert command.body == "Is it due?"


def test_a_text_stands_on_the_deal_it_is_about_or_on_the_only_one() -> None:
    (command,) = logged(known(text(about=DEAL)))
    assert command.on[0] == DEAL
    (command,) = logged(known(text()))
    assert command.on[0] == DEAL


def test_what_was_before_go_live_is_not_logged() -> None:
    early = GO_LIVE - timedelta(seconds=1)
    assert logged(known(text(sent_at=early), call(started_at=early))) == []


def test_a_text_is_logged_in_the_account_it_is_in() -> None:
    assert {command.account for command in logged(known(text()))} == {ACCOUNT}
