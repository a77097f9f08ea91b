"""Cases, incidents, notices and duties on both databases."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.building import NOW
from engine.watchtower import case
from store.test_store import deposit
from tricord.core.alerting import Incident, Step
from tricord.core.alerts import Alert, Severity
from tricord.core.commands import EffectState
from tricord.core.editing import NotEditable
from tricord.core.ids import ConnectionName
from tricord.core.money import Money
from tricord.store import (
    audit,
    case_life,
    cases,
    commands,
    duties,
    editing,
    incidents,
    mirror,
    notices,
    schema,
    views,
)
from tricord.store.case_views import CaseFilter
from tricord.store.database import Database, Tx
from tricord.store.notices import NoticeState

SLACK, MAIL = ConnectionName("slack"), ConnectionName("mail")
MINUTE = timedelta(minutes=1)


def alert(**changes: object) -> Alert:
    values: dict[str, object] = {
        "key": "", "cause": "refused/stripe", "occurrence": 1, "severity": Severity.ERROR,
        "title": "stripe refused a command", "at": NOW, "money": (Money(5, "USD"),),
    }  # fmt: skip
    return Alert(**(values | changes))  # type: ignore[arg-type]  # tests name real fields


def step(name: str = "first") -> Step:
    return Step(name=name, alert=alert(), to=(), within=MINUTE)


def test_groups_sum_what_is_open_by_cause(database: Database) -> None:
    def work(tx: Tx) -> None:
        for one in (
            case(1), case(2, money=Money(7, "EUR")), case(3, money=None, owner="role:operations"),
            case(4, where="hubspot"), case(5, kind="defect", where=""),
        ):  # fmt: skip
            cases.open_case(tx, one, "engine")
        case_life.assign(tx, "refused/stripe/2", "ana", "person:cfo")

    database.run(work, NOW)
    database.run(lambda tx: cases.close_case(tx, "refused/hubspot/4"), NOW)
    defect, stripe = database.run(case_life.groups, NOW)
    assert (defect.cause, defect.severity, defect.where) == ("defect", Severity.CRITICAL, "")
    assert (stripe.cause, stripe.count, stripe.oldest) == ("refused/stripe", 3, NOW)
    assert stripe.money == (Money(7, "EUR"), Money(100_00, "USD"))
    assert set(stripe.owners) == {"ana", "role:finance", "role:operations"}
    assert stripe.keys == ("refused/stripe/1", "refused/stripe/2", "refused/stripe/3")


def test_a_case_that_is_put_off_stays_one_and_closes_with_its_cause(database: Database) -> None:
    key = "refused/stripe/1"
    until = NOW + timedelta(hours=2)
    database.run(lambda tx: cases.open_case(tx, case(1), "engine"), NOW)
    assert database.run(lambda tx: case_life.snooze(tx, key, until, "person:cfo"), NOW)
    assert database.run(lambda tx: cases.open_case(tx, case(1), "engine"), NOW) is False
    assert database.run(case_life.groups, NOW) == []
    (row,) = database.run(lambda tx: views.cases(tx, limit=9, state="snoozed"), NOW)
    assert row.snoozed_until == until
    assert database.run(case_life.wake, until - MINUTE) == 0
    assert database.run(case_life.wake, until) == 1
    assert database.run(lambda tx: cases.close_case(tx, key), until)
    (row,) = database.run(lambda tx: views.cases(tx, limit=9, state="closed"), NOW)
    assert (row.state, row.snoozed_until) == ("closed", None)
    assert database.run(lambda tx: case_life.snooze(tx, key, until, "person:cfo"), NOW) is False


def test_the_list_can_be_narrowed_and_one_case_tells_all_of_it(database: Database) -> None:
    def work(tx: Tx) -> None:
        for one in (case(1), case(2, where="hubspot"), case(3, kind="defect", where="")):
            cases.open_case(tx, one, "engine")
        case_life.assign(tx, "refused/stripe/1", "ana", "person:cfo")

    database.run(work, NOW)

    def keys(**wanted: object) -> list[str]:
        filters = CaseFilter(**wanted)  # type: ignore[arg-type]  # tests name real fields
        later = NOW + timedelta(hours=2)
        rows = database.run(lambda tx: views.cases(tx, limit=9, filters=filters), later)
        return [row.key for row in rows]

    assert keys(kind="refused") == ["refused/hubspot/2", "refused/stripe/1"]
    assert keys(cause="refused/stripe") == ["refused/stripe/1"]
    assert keys(severity="critical") == ["defect//3"]
    assert keys(whose="ana") == ["refused/stripe/1"]
    assert keys(whose="role:finance") == ["defect//3", "refused/hubspot/2"]
    assert keys(overdue=True) == ["defect//3"]
    found = database.run(lambda tx: views.case(tx, "refused/stripe/1"), NOW)
    assert found is not None
    assert found.case.actions == ("edit", "retry", "skip", "assign", "snooze", "resolve")
    assert [act.act for act in found.history] == ["case.opened", "case.assigned"]
    assert database.run(lambda tx: views.case(tx, "nothing"), NOW) is None


def test_a_corrected_command_is_sealed_anew_and_the_log_tells_only_its_hashes(
    database: Database,
) -> None:
    account = deposit().account
    with database.engine.begin() as db:
        tx = Tx(db, database.keys, NOW)
        mirror.ensure_account(tx, account)
        commands.add(tx, account, deposit(), EffectState.REFUSED, NOW)
    key = deposit().key
    changes = {"memo": "For Zoë Lindqvist", "days_until_due": "30"}
    assert database.run(lambda tx: editing.edit(tx, key, changes, "person:cfo"), NOW)
    (effect,) = database.run(lambda tx: commands.effects_of(tx, account), NOW).values()
    assert effect.state is EffectState.READY
    assert effect.command == replace(deposit(), memo="For Zoë Lindqvist", days_until_due=30)
    entry = database.run(lambda tx: audit.entries(tx, 1), NOW)[0]
    assert (entry["act"], entry["actor"]) == ("command.edited", "person:cfo")
    assert "Lindqvist" not in str(entry)
    detail = entry["detail"]
    assert isinstance(detail, dict)
    assert detail["fields"] == "days_until_due,memo"
    with database.engine.connect() as db:
        row = db.execute(select(schema.commands)).one()
    assert detail["after"] == row.digest
    assert detail["before"] != row.digest
    assert database.run(lambda tx: editing.edit(tx, key, changes, "person:cfo"), NOW) is False


def test_what_may_not_be_corrected_leaves_everything_as_it_was(database: Database) -> None:
    account = deposit().account
    with database.engine.begin() as db:
        tx = Tx(db, database.keys, NOW)
        mirror.ensure_account(tx, account)
        commands.add(tx, account, deposit(), EffectState.REFUSED, NOW)
    with pytest.raises(NotEditable):
        database.run(
            lambda tx: editing.edit(tx, deposit().key, {"memo": "x", "total": "1"}, "me"), NOW
        )
    (effect,) = database.run(lambda tx: commands.effects_of(tx, account), NOW).values()
    assert (effect.command, effect.state) == (deposit(), EffectState.REFUSED)


def test_an_incident_is_kept_and_the_next_occurrence_takes_its_place(database: Database) -> None:
    first = Incident(
        cause="refused/stripe", occurrence=1, kind="refused", severity=Severity.ERROR,
        opened_at=NOW, level=10, told_at=NOW, most=12, over_at=NOW,
    )  # fmt: skip
    second = replace(first, occurrence=2, level=0, over_at=None, before=NOW)
    for incident in (first, second, replace(second, most=99)):
        database.run(lambda tx, one=incident: incidents.keep(tx, [one]), NOW)  # type: ignore[misc]
    assert database.run(incidents.latest, NOW) == [replace(second, most=99)]
    assert database.run(lambda tx: incidents.of_cause(tx, "refused/stripe"), NOW) == replace(
        second, most=99
    )


def test_a_notice_is_planned_once_and_in_one_hand_at_a_time(database: Database) -> None:
    assert database.run(lambda tx: notices.plan(tx, step(), [SLACK, MAIL]), NOW) == 2
    assert database.run(lambda tx: notices.plan(tx, step(), [SLACK, MAIL]), NOW) == 0
    database.run(lambda tx: notices.plan(tx, step("10"), [SLACK]), NOW)
    taken = database.run(lambda tx: notices.claim(tx, [SLACK, MAIL], MINUTE), NOW)
    assert [(one.destination, one.step) for one in taken] == [(SLACK, "first"), (MAIL, "first")]
    assert taken[0].alert == alert(key="alert/refused/stripe/1/first/slack")
    assert database.run(lambda tx: notices.claim(tx, [SLACK, MAIL], MINUTE), NOW) == []
    (again, other) = database.run(
        lambda tx: notices.claim(tx, [SLACK, MAIL], MINUTE), NOW + 2 * MINUTE
    )
    assert (again.again, again.attempts, other.again) == (True, 2, True)
    database.run(lambda tx: notices.end(tx, again, NoticeState.SENT, receipt="200"), NOW)
    (grown,) = database.run(lambda tx: notices.claim(tx, [SLACK], MINUTE), NOW)
    assert (grown.step, grown.again) == ("10", False)
    database.run(lambda tx: notices.retry(tx, grown, NOW + MINUTE, "HTTP 500"), NOW)
    assert database.run(lambda tx: notices.claim(tx, [SLACK], MINUTE), NOW) == []
    database.run(lambda tx: notices.drop_waiting(tx, "refused/stripe", 1), NOW)
    assert database.run(lambda tx: notices.reached(tx, "refused/stripe", 1), NOW) == [SLACK, MAIL]
    states = [one.state for one in database.run(lambda tx: notices.newest(tx, 9), NOW)]
    assert states == [NoticeState.DROPPED, NoticeState.SENDING, NoticeState.SENT]


def test_a_duty_has_one_holder_until_it_ends(database: Database) -> None:
    def hold(who: str, minutes: int) -> bool:
        at = NOW + minutes * MINUTE
        return database.run(lambda tx: duties.hold(tx, "watch", who, 5 * MINUTE), at)

    assert hold("one", 0)
    assert not hold("two", 4)
    assert hold("one", 4)
    assert not hold("two", 8)
    assert hold("two", 9)
    assert not hold("one", 9)
    database.run(lambda tx: duties.release(tx, "watch", "two"), NOW)
    assert database.run(lambda tx: duties.holder_of(tx, "watch"), NOW) == ""
    assert hold("one", 9)


def test_of_many_takers_at_once_one_gets_the_duty(database: Database) -> None:
    got: list[bool] = []

    def take(number: int) -> None:
        got.append(
            database.run(lambda tx: duties.hold(tx, "watch", f"taker {number}", MINUTE), NOW)
        )

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got.count(True) == 1
