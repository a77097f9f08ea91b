"""The watch: each cause is told once, in time, whatever fails on the way, and never too often."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core import building as make
from engine.watchtower import DESTINATIONS, Tower, case, play
from tricord.core.alerting import SETTLE, UNSTEADY
from tricord.core.alerts import Severity
from tricord.core.case_kinds import DUE, KINDS
from tricord.core.cases import Case
from tricord.core.ids import ConnectionName
from tricord.core.money import Money
from tricord.core.policy.conditions import condition
from tricord.core.policy.types import AlertRule
from tricord.engine.connection import Connection
from tricord.sdk.connector import Access
from tricord.store import audit, case_life, notices, views, workers
from tricord.store.notices import NoticeState


def test_t57_ten_thousand_failures_of_one_cause_are_five_notices_and_that_it_is_over(
    tmp_path: Path,
) -> None:
    async def story(tower: Tower) -> None:
        tower.watch()
        made = 0
        for amount in (1, 8, 40, 451, 9500):
            tower.open(*(case(made + n) for n in range(amount)))
            made += amount
            await tower.look(310, step=10)
        await tower.look(DUE[Severity.ERROR].total_seconds(), step=600)
        told = tower.messages()
        assert len(told) == 5
        assert told[0] == "stripe refused a command"
        assert told[-2] == "stripe refused 10,000 commands"
        assert told[-1] == "Overdue: stripe refused 10,000 commands"
        tower.close(*(f"refused/stripe/{n}" for n in range(made)))
        await tower.look(60)
        assert tower.messages()[5:] == ["Over: stripe refused 10,000 commands"]
        await tower.look(86_400, step=3600)
        assert len(tower.messages()) == 6

    play(tmp_path, story)


def test_t57_a_volley_of_failures_is_one_notice_with_their_number_and_their_money(
    tmp_path: Path,
) -> None:
    async def story(tower: Tower) -> None:
        tower.watch()
        tower.open(*(case(n) for n in range(500)), case(500, money=Money(5_00, "EUR")))
        await tower.look(60)
        (message,) = tower.boxes["slack"].box.state()["messages"]
        assert message["title"] == "stripe refused 501 commands"
        assert (
            "*Owner* role:finance   *At stake* 5.00 EUR, 50,000.00 USD   *Cases* 501"
            in (message["lines"])
        )

    play(tmp_path, story)


@pytest.mark.parametrize("kind", KINDS)
def test_t57_each_named_fault_is_one_notice_everywhere_within_a_minute(
    tmp_path: Path, kind: str
) -> None:
    async def story(tower: Tower) -> None:
        tower.watch()
        tower.open(case(1, kind=kind))
        await tower.look(60)
        title = KINDS[kind].title("stripe", 1)
        for name in DESTINATIONS:
            told = [text.rpartition("] ")[2] for text in tower.messages(name)]
            assert told == [title], name
        tower.close(f"{kind}/stripe/1")
        await tower.look(60)
        assert {len(tower.messages(name)) for name in DESTINATIONS} == {2}
        (incident,) = tower.boxes["pagerduty"].box.state()["incidents"]
        assert incident["status"] == "resolved"
        assert incident["severity"] == str(KINDS[kind].severity)

    play(tmp_path, story, DESTINATIONS)


def test_no_alert_holds_a_name_of_a_client(tmp_path: Path) -> None:
    async def story(tower: Tower) -> None:
        tower.watch()
        tower.open(case(1, evidence=("zoe@northwind.example",)))
        await tower.look(30)
        for name in DESTINATIONS:
            text = str(tower.boxes[name].box.state())
            assert "refused" in text
            for canary in ("Lindqvist", "northwind"):
                assert canary not in text, name

    play(tmp_path, story, DESTINATIONS)


def test_two_causes_are_two_notices_and_two_incidents(tmp_path: Path) -> None:
    async def story(tower: Tower) -> None:
        tower.watch()
        tower.open(case(1), case(2, where="hubspot"), case(3, kind="unknown"))
        await tower.look(30)
        assert len(tower.boxes["pagerduty"].box.state()["incidents"]) == 3

    play(tmp_path, story, ("pagerduty",))


def test_what_is_over_within_seconds_is_told_to_nobody(tmp_path: Path) -> None:
    async def story(tower: Tower) -> None:
        tower.watch()
        tower.open(case(1))
        await tower.look(2)
        tower.close("refused/stripe/1")
        await tower.look(120)
        assert tower.messages() == []

    play(tmp_path, story)


def test_a_cause_that_flickers_is_one_incident_and_one_that_returns_is_another(
    tmp_path: Path,
) -> None:
    async def story(tower: Tower) -> None:
        tower.watch()
        for _ in range(20):
            tower.open(case(1))
            await tower.look(6)
            tower.close("refused/stripe/1")
            await tower.look(6)
        assert len(tower.messages()) == 1
        await tower.look(SETTLE.total_seconds() + 2)
        assert len(tower.messages()) == 2
        tower.open(case(1))
        await tower.look(10)
        assert len(tower.messages()) == 3
        tower.close("refused/stripe/1")
        await tower.look(UNSTEADY.total_seconds() - 10, step=10)
        assert len(tower.messages()) == 3, "it has come back once, so it is believed more slowly"
        await tower.look(30)
        assert len(tower.messages()) == 4
        events = tower.boxes["pagerduty"].box.state()["events"]
        assert {event["sent"]["dedup_key"] for event in events} == {
            "tricord/refused/stripe/1", "tricord/refused/stripe/2",
        }  # fmt: skip

    play(tmp_path, story, ("slack", "pagerduty"))


def _only(rule: str, *to: str) -> AlertRule:
    names = tuple(ConnectionName(name) for name in to)
    return AlertRule(when=condition(rule), to=names, within=timedelta(minutes=1))


def test_rules_choose_who_is_told_and_what_cannot_be_answered_counts_as_yes(
    tmp_path: Path,
) -> None:
    rules = (
        _only('case.money > money("1000 USD")', "pagerduty"),
        _only('case.severity == "critical"', "webhook", "pagerduty"),
    )
    policy = replace(
        make.policy(),
        alerts=rules,
        roles=replace(make.policy().roles, alerts=(ConnectionName("slack"),)),
    )

    async def story(tower: Tower) -> None:
        tower.watch()
        tower.open(
            case(1, where="small"),
            case(2, where="large", money=Money(1000_01, "USD")),
            case(3, where="foreign", money=Money(1_00, "EUR")),
            case(4, where="none", money=None),
            case(5, kind="defect", where="grave", money=None),
        )
        await tower.look(30)
        assert tower.messages("slack") == ["small refused a command"]
        assert sorted(tower.messages("pagerduty")) == [
            "Deciding a client broke the program; nothing is done for them",
            "foreign refused a command",
            "large refused a command",
            "none refused a command",
        ]
        assert len(tower.messages("webhook")) == 1

    play(tmp_path, story, ("slack", "pagerduty", "webhook"), policy)


def _to(*names: str) -> Any:
    plain = make.policy()
    chosen = tuple(ConnectionName(name) for name in names)
    return replace(plain, roles=replace(plain.roles, alerts=chosen))


@pytest.mark.parametrize(
    ("code", "state"),
    [("no_service", NoticeState.FAILED), ("rate_limited", NoticeState.FAILED),
     ("rollup_error", NoticeState.FAILED)],
)  # fmt: skip
def test_a_destination_that_fails_is_a_case_and_the_next_is_told_in_its_place(
    tmp_path: Path, code: str, state: NoticeState
) -> None:
    async def story(tower: Tower) -> None:
        tower.trouble("slack", code)
        tower.watch()
        tower.open(case(1))
        await tower.look(150)
        assert tower.messages("slack") == []
        assert "stripe refused a command" in [t.rpartition("] ")[2] for t in tower.messages("smtp")]
        rows = tower.run(lambda tx: views.cases(tx, limit=9))
        assert {row.kind for row in rows} == {"refused", "alert_failing"}
        told = [text.rpartition("] ")[2] for text in tower.messages("smtp")]
        assert "Alerts do not get through to slack" in told
        found = tower.run(lambda tx: notices.of_incident(tx, "refused/stripe", 1))
        assert [one.state for one in found if one.destination == "slack"] == [state]
        tower.trouble("slack", "")
        tower.open(case(2, where="hubspot"))
        await tower.look(30)
        assert tower.messages("slack") == ["hubspot refused a command"]
        rows = tower.run(lambda tx: views.cases(tx, limit=9))
        assert {row.kind for row in rows} == {"refused"}, "it takes alerts again"

    play(tmp_path, story, ("slack", "smtp"), _to("slack"))


def test_a_failing_mail_server_is_never_told_of_by_mail_alone(tmp_path: Path) -> None:
    async def story(tower: Tower) -> None:
        tower.watch()
        tower.open(case(1, kind="access_lost", where="smtp"))
        await tower.look(30)
        assert tower.messages("slack") == ["smtp no longer accepts our credentials"]

    play(tmp_path, story, ("smtp", "slack"), _to("smtp"))


def test_the_only_destination_is_tried_until_it_takes_the_alert(tmp_path: Path) -> None:
    async def story(tower: Tower) -> None:
        tower.trouble("slack", "invalid_token")
        tower.watch()
        tower.open(case(1))
        await tower.look(600, step=10)
        assert tower.messages() == []
        tower.trouble("slack", "")
        await tower.look(90)
        assert tower.messages()[0] == "stripe refused a command"
        assert tower.messages().count("stripe refused a command") == 1

    play(tmp_path, story)


def test_a_message_that_was_taken_without_an_answer_is_repeated_and_known_as_a_copy(
    tmp_path: Path,
) -> None:
    async def story(tower: Tower) -> None:
        tower.trouble("webhook", "broken_after", times=3)
        tower.watch()
        tower.open(case(1))
        await tower.look(60)
        assert tower.messages("webhook") == ["stripe refused a command"]
        assert list(tower.boxes["webhook"].box.state()["copies"].values()) == [4]

    play(tmp_path, story, ("webhook",))


class _Died(Exception):
    pass


def _dies_at(point: str) -> Callable[[str], None]:
    left = [1]

    def crash(here: str) -> None:
        if here == point and left[0]:
            left[0] -= 1
            raise _Died(here)

    return crash


@pytest.mark.parametrize("point", ["after planning", "after claiming", "told, not recorded"])
def test_a_watch_that_dies_anywhere_loses_and_doubles_nothing(tmp_path: Path, point: str) -> None:
    async def story(tower: Tower) -> None:
        dying = tower.watch(crash_point=_dies_at(point))
        tower.open(case(1))
        for _ in range(4):
            tower.clock.at += timedelta(seconds=2)
            try:
                await dying.tick()
            except _Died:
                break
            await dying.land()
        tower.watches.clear()
        tower.watch()
        await tower.look(200)
        assert tower.messages("webhook") == ["stripe refused a command"]
        (incident,) = tower.boxes["pagerduty"].box.state()["incidents"]
        assert incident["summary"] == "stripe refused a command"
        assert len(tower.messages("slack")) <= 1

    play(tmp_path, story, ("webhook", "pagerduty", "slack"))


def test_of_two_watchers_one_tells_and_the_other_takes_over_when_it_dies(tmp_path: Path) -> None:
    async def story(tower: Tower) -> None:
        first, second = tower.watch(), tower.watch()
        tower.open(case(1))
        await tower.look(30)
        assert (first.leading, second.leading) == (True, False)
        assert len(tower.messages()) == 1
        tower.watches.remove(first)
        tower.open(case(2, where="hubspot"))
        await tower.look(30)
        assert second.leading
        assert len(tower.messages()) == 2

    play(tmp_path, story)


def test_what_is_overdue_and_nobodys_goes_to_the_default_owner_and_to_everybody_in_alerts(
    tmp_path: Path,
) -> None:
    rule = _only("true", "webhook")
    policy = replace(_to("slack"), alerts=(rule,))

    async def story(tower: Tower) -> None:
        tower.watch()
        tower.open(case(1), case(2, where="hubspot"))
        tower.run(lambda tx: case_life.assign(tx, "refused/hubspot/2", "ana", "person:cfo"))
        await tower.look(30)
        assert tower.messages("slack") == []
        await tower.look(DUE[Severity.ERROR].total_seconds() + 10, step=60)
        assert tower.messages("slack") == ["Overdue: stripe refused a command"]
        rows = tower.run(lambda tx: views.cases(tx, limit=9))
        owners = {row.key: (row.owner, row.assignee) for row in rows}
        assert owners == {
            "refused/stripe/1": ("role:operations", ""),
            "refused/hubspot/2": ("role:finance", "ana"),
        }
        acts = [entry["act"] for entry in tower.run(lambda tx: audit.entries(tx, 99))]
        assert acts.count("case.escalated") == 1
        assert acts.count("case.assigned") == 1

    play(tmp_path, story, ("slack", "webhook"), policy)


def test_the_policy_says_when_a_case_is_due(tmp_path: Path) -> None:
    plain = _to("slack")
    due = ((Severity.ERROR, timedelta(minutes=10)),)
    policy = replace(plain, owners=replace(plain.owners, due=due))

    async def story(tower: Tower) -> None:
        tower.watch()
        tower.open(case(1))
        await tower.look(590, step=10)
        assert len(tower.messages()) == 1
        await tower.look(20)
        assert len(tower.messages()) == 2

    play(tmp_path, story, ("slack",), policy)


def test_a_snoozed_case_is_nobodys_worry_until_it_wakes(tmp_path: Path) -> None:
    async def story(tower: Tower) -> None:
        tower.watch()
        tower.open(case(1))
        until = tower.clock.at + timedelta(hours=9)
        tower.run(lambda tx: case_life.snooze(tx, "refused/stripe/1", until, "person:cfo"))
        await tower.look(8.9 * 3600, step=600)
        assert tower.messages() == []
        assert tower.run(lambda tx: views.cases(tx, limit=9)) == []
        await tower.look(1200, step=10)
        assert tower.messages() == ["stripe refused a command"]
        (row,) = tower.run(lambda tx: views.cases(tx, limit=9))
        assert row.due_at == until + DUE[Severity.ERROR]

    play(tmp_path, story)


def test_no_engine_while_work_waits_is_told_after_half_a_minute(tmp_path: Path) -> None:
    async def story(tower: Tower) -> None:
        tower.watch()
        tower.run(lambda tx: workers.begin(tx, "work", "here"))
        await tower.look(120)
        assert tower.messages() == [], "nothing waits"
        tower.run(_something_to_do)
        await tower.look(10)
        assert tower.messages() == ["No engine works, and work waits"]
        tower.run(lambda tx: workers.begin(tx, "work", "here"))
        for _ in range(15):
            tower.run(_beat)
            await tower.look(2)
        assert tower.messages()[1:] == ["Over: No engine works, and work waits"]

    play(tmp_path, story)


def _something_to_do(tx: Any) -> None:
    from store.test_store import arrival
    from tricord.store import deliveries

    deliveries.accept(tx, [arrival("a")])


def _beat(tx: Any) -> None:
    for worker in workers.alive(tx):
        workers.beat(tx, worker.id)


def test_t57_outside_hears_each_minute_that_all_is_well_and_nothing_when_it_is_not(
    tmp_path: Path,
) -> None:
    async def story(tower: Tower) -> None:
        beats = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal beats
            await reader.readuntil(b"\r\n\r\n")
            beats += 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        plain = tower.connection("slack")
        outside = Connection(
            connector=replace(plain.connector, address="webhook_url"),
            access=Access(
                connection=ConnectionName("heartbeat"),
                settings={"webhook_url": f"http://127.0.0.1:{port}/ping/abc"},
            ),
            base_url="",
            trusted=True,
        )
        watch = tower.watch(heartbeat=outside)
        await tower.look(120)
        assert beats == 0, "no engine lives"
        tower.run(lambda tx: workers.begin(tx, "up", "here"))
        for _ in range(90):
            tower.run(_beat)
            await tower.look(2)
        assert beats == 3
        tower.watches.remove(watch)
        tower.clock.at += timedelta(minutes=5)
        assert beats == 3, "a watch that is dead says nothing, and its silence is the alarm"
        server.close()
        await server.wait_closed()

    play(tmp_path, story)


def test_every_case_has_an_owner_a_severity_and_something_to_do() -> None:
    for name, kind in KINDS.items():
        made: Case = case(1, kind=name)
        assert made.severity in Severity
        assert made.actions[-3:] == tuple(made.actions[-3:])
        assert kind.advice
        assert kind.title("stripe", 1)
        assert "{" not in kind.title("stripe", 12)
