"""The store on both databases: what is kept once, what is claimed once, what cannot be read."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from core import building as make
from core.building import NOW
from tricord.core.cases import Case
from tricord.core.commands import CreateInvoice, EffectState, because
from tricord.core.decide import decide
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName
from tricord.store import (
    audit,
    budgets,
    cases,
    commands,
    connections,
    deliveries,
    hints,
    mirror,
    schedule,
    schema,
    workers,
)
from tricord.store.database import Database, Tx
from tricord.store.sealing import Keyring, KeyWrong, SealBroken

KEY = bytes(range(32))


def arrival(name: str, body: bytes = b"{}", source: str = "webhook") -> deliveries.Arrival:
    delivery = Delivery(
        connection=make.CRM, body=body, received_at=NOW, url="http://x/hooks/hubspot",
        headers={"x-one": "1"},
    )  # fmt: skip
    return deliveries.Arrival(delivery=delivery, name=name, source=source)


def deposit() -> CreateInvoice:
    account = make.account(*make.people(), make.customer(), make.deal("contractsigned"))
    (command,) = decide(account, make.policy(), NOW).commands
    assert isinstance(command, CreateInvoice)
    return command


def test_a_delivery_is_kept_once_and_its_copies_are_counted(database: Database) -> None:
    for batch in ([arrival("a"), arrival("a"), arrival("b")], [arrival("a")],
                  [arrival("a", source="poll")]):  # fmt: skip
        database.run(lambda tx, b=batch: deliveries.accept(tx, b), NOW)  # type: ignore[misc]
    found = database.run(lambda tx: deliveries.waiting(tx, None, 10), NOW)
    assert len(found) == 2
    assert found[0].delivery == arrival("a").delivery
    with database.engine.connect() as db:
        copies = db.execute(select(schema.deliveries.c.copies).order_by(schema.deliveries.c.id))
        assert [row.copies for row in copies] == [3, 1]


def test_invariant_1_accepted_is_absorbed_and_waiting_and_parked(database: Database) -> None:
    database.run(lambda tx: deliveries.accept(tx, [arrival(c) for c in "abc"]), NOW)
    first, second, _ = database.run(lambda tx: deliveries.waiting(tx, None, 10), NOW)
    database.run(lambda tx: deliveries.mark_absorbed(tx, [first.id]), NOW)
    database.run(lambda tx: deliveries.park(tx, second.id, "$.x: missing"), NOW)
    counts = database.run(deliveries.counts, NOW)
    assert counts == {"absorbed": 1, "parked": 1, "waiting": 1}
    assert database.run(lambda tx: deliveries.release(tx, second.id), NOW)
    assert database.run(deliveries.counts, NOW)["waiting"] == 2


def test_a_hint_is_read_once_and_again_only_if_it_came_again_meanwhile(database: Database) -> None:
    def claim(at: datetime) -> list[hints.Pending]:
        return database.run(lambda tx: hints.claim(tx, [make.CRM], None, 10, worker), at)

    worker = database.run(lambda tx: workers.begin(tx, "work", "here"), NOW)

    for _ in range(3):
        database.run(lambda tx: hints.add(tx, make.DEAL, NOW), NOW)
    (pending,) = claim(NOW)
    assert claim(NOW) == []
    later = NOW + timedelta(seconds=1)
    database.run(lambda tx: hints.add(tx, make.DEAL, later), later)
    database.run(lambda tx: hints.finish(tx, pending, later), later)
    (again,) = claim(later)
    database.run(lambda tx: hints.finish(tx, again, later), later)
    assert claim(later + timedelta(hours=1)) == []


def test_a_read_whose_worker_is_dead_is_free_again(database: Database) -> None:
    worker = database.run(lambda tx: workers.begin(tx, "work", "here"), NOW)
    database.run(lambda tx: hints.add(tx, make.DEAL, NOW), NOW)
    dead = NOW + workers.DEAD_AFTER
    take = lambda tx: hints.claim(tx, [make.CRM], None, 10, worker)  # noqa: E731 - said thrice
    assert len(database.run(take, NOW)) == 1
    assert database.run(take, dead - timedelta(seconds=1)) == []
    # On SQLite a worker is dead once another has its home; elsewhere, once its pulse has stopped.
    database.run(lambda tx: workers.begin(tx, "up", "there"), dead)
    assert len(database.run(take, dead)) == 1


def test_invariant_2_t12_t15_one_business_key_is_one_command(database: Database) -> None:
    command = deposit()

    def ask(tx: Tx) -> Any:
        mirror.ensure_account(tx, make.ACCOUNT)
        return commands.add(tx, make.ACCOUNT, command, EffectState.READY, NOW)

    assert database.run(ask, NOW)
    assert not database.run(ask, NOW)
    other = replace(command, days_until_due=90)
    with pytest.raises(commands.KeyReused):
        database.run(lambda tx: commands.add(tx, make.ACCOUNT, other, EffectState.READY, NOW), NOW)
    (claimed,) = database.run(_taken, NOW)
    assert claimed.command == command
    assert database.run(_taken, NOW) == []
    (orphan,) = database.run(lambda tx: commands.orphans(tx, None), NOW)
    assert orphan.again
    effects = database.run(lambda tx: commands.effects_of(tx, make.ACCOUNT), NOW)
    assert effects[command.key].state is EffectState.SENDING


def test_commands_of_one_account_and_connection_go_one_after_the_other(database: Database) -> None:
    first = deposit()
    second = replace(first, key="invoice/hubspot:deal:42/progress/1")

    def ask(tx: Tx) -> Any:
        mirror.ensure_account(tx, make.ACCOUNT)
        for command in (first, second):
            commands.add(tx, make.ACCOUNT, command, EffectState.READY, NOW)

    database.run(ask, NOW)
    (one,) = database.run(_taken, NOW)
    assert one.command.key == first.key
    later = NOW + timedelta(minutes=1)
    database.run(
        lambda tx: commands.retry(tx, one, EffectState.READY, later, again=True, problem="busy"),
        NOW,
    )
    assert database.run(_taken, NOW) == []
    (one,) = database.run(_taken, later)
    assert one.again
    assert one.attempt == 2
    database.run(lambda tx: commands.end(tx, one, EffectState.DONE, remote=make.DEAL), later)
    (two,) = database.run(_taken, later)
    assert two.command.key == second.key


def _taken(tx: Tx, worker: int = 0) -> list[commands.Claimed]:
    """Whatever is ready at billing, claimed."""
    ready = commands.ready(tx, [make.BILLING], None, 10)
    return commands.claim(tx, [one.id for one in ready], worker)


def test_a_refused_command_that_a_person_releases_looks_before_it_writes(
    database: Database,
) -> None:
    def ask(tx: Tx) -> Any:
        mirror.ensure_account(tx, make.ACCOUNT)
        return commands.add(tx, make.ACCOUNT, deposit(), EffectState.HELD, NOW)

    key = deposit().key
    database.run(ask, NOW)
    assert database.run(lambda tx: commands.release(tx, key, [EffectState.HELD]), NOW)
    (first,) = database.run(_taken, NOW)
    assert not first.again
    database.run(lambda tx: commands.end(tx, first, EffectState.REFUSED), NOW)
    assert database.run(lambda tx: commands.release(tx, key, [EffectState.REFUSED]), NOW)
    (second,) = database.run(_taken, NOW)
    assert second.again


def test_an_account_comes_back_as_it_went_in(database: Database) -> None:
    account = make.account(*make.people(), make.customer(), make.deal("contractsigned"))

    def save(tx: Tx) -> Any:
        mirror.ensure_account(tx, account.id)
        for record in account.records.values():
            mirror.save_record(tx, account.id, record)
            mirror.link(tx, record.ref, account.id, "own")

    database.run(save, NOW)
    assert database.run(lambda tx: mirror.records_of(tx, account.id), NOW) == dict(account.records)
    people = (make.CONTACT.kind,)
    found = database.run(
        lambda tx: mirror.found_by(tx, "email", "ANA@northwind.example", people), NOW
    )
    assert found == [make.CONTACT]


def test_t39_a_sealed_value_moved_to_another_row_does_not_open(database: Database) -> None:
    one, two = make.people()

    def save(tx: Tx) -> Any:
        mirror.ensure_account(tx, make.ACCOUNT)
        mirror.save_record(tx, make.ACCOUNT, one)
        mirror.save_record(tx, make.ACCOUNT, two)

    database.run(save, NOW)
    table = schema.records
    with database.engine.begin() as db:
        stolen = db.execute(select(table.c.sealed).where(table.c.kind == "company")).scalar_one()
        db.execute(update(table).where(table.c.kind == "contact").values(sealed=stolen))
    with pytest.raises(SealBroken):
        database.run(lambda tx: mirror.records_of(tx, make.ACCOUNT), NOW)


def test_a_case_is_open_once_and_closes_when_its_cause_is_gone(database: Database) -> None:
    def case(title: str) -> Case:
        return Case(
            key="incomplete/x",
            kind="incomplete",
            title=title,
            owner="role:finance",
            because=because("r", "p"),
            next_actions=("do",),
            account=make.ACCOUNT,
        )

    def sync(*wanted: Case) -> None:
        database.run(lambda tx: cases.sync_decided(tx, make.ACCOUNT, wanted), NOW)

    sync(case("a"))
    sync(case("b"))
    with database.engine.connect() as db:
        assert len(db.execute(select(schema.cases)).all()) == 1
    sync()
    sync(case("again"))
    with database.engine.connect() as db:
        states = [row.state for row in db.execute(select(schema.cases).order_by(schema.cases.c.id))]
    assert states == ["closed", "open"]


def test_a_paused_connection_is_not_used_until_then_or_until_it_answers(database: Database) -> None:
    name = ConnectionName("stripe")
    database.run(lambda tx: connections.announce(tx, name, "stripe"), NOW)
    until = NOW + timedelta(minutes=1)
    database.run(lambda tx: connections.limited(tx, name, "429", until), NOW)
    assert database.run(connections.usable, NOW) == []
    assert database.run(connections.usable, until) == [name]
    database.run(lambda tx: connections.answered(tx, name), NOW)
    assert database.run(connections.usable, NOW) == [name]


def test_t54_a_vendor_that_fails_in_a_row_is_left_alone_until_one_probe_succeeds(
    database: Database,
) -> None:
    name = ConnectionName("stripe")
    worker = database.run(lambda tx: workers.begin(tx, "work", "here"), NOW)
    database.run(lambda tx: connections.announce(tx, name, "stripe"), NOW)
    for _ in range(connections.FAILURES_UNTIL_DOWN):
        assert database.run(connections.usable, NOW) == [name]
        database.run(lambda tx: connections.failed(tx, name, "HTTP 503"), NOW)
    later = NOW + connections.FIRST_PAUSE
    database.run(lambda tx: workers.beat(tx, worker), later)
    probe = lambda tx: connections.claim_probes(tx, [name], worker)  # noqa: E731 - said thrice
    assert database.run(connections.usable, later) == []
    assert database.run(probe, NOW) == []
    assert database.run(probe, later) == [name]
    assert database.run(probe, later) == [], "half open: one probe at a time"
    database.run(lambda tx: connections.failed(tx, name, "HTTP 503"), later)
    assert database.run(probe, later + connections.FIRST_PAUSE) == [], "it waits longer"
    database.run(lambda tx: connections.answered(tx, name), later)
    assert database.run(connections.usable, later) == [name]


def test_what_a_dead_worker_had_in_hand_is_an_orphan_and_nobody_elses_is(
    database: Database,
) -> None:
    def ask(tx: Tx) -> Any:
        mirror.ensure_account(tx, make.ACCOUNT)
        commands.add(tx, make.ACCOUNT, deposit(), EffectState.READY, NOW)

    database.run(ask, NOW)
    one = database.run(lambda tx: workers.begin(tx, "work", "one"), NOW)
    other = database.run(lambda tx: workers.begin(tx, "work", "other"), NOW)
    (claimed,) = database.run(lambda tx: _taken(tx, one), NOW)
    orphans = lambda tx: commands.orphans(tx, None)  # noqa: E731 - said twice
    assert database.run(orphans, NOW + timedelta(seconds=5)) == []
    late = NOW + timedelta(seconds=7)
    database.run(lambda tx: workers.begin(tx, "up", "a third"), late)
    assert [c.id for c in database.run(orphans, late)] == [claimed.id]
    assert not database.run(lambda tx: workers.beat(tx, one), late), "it needs a new number"
    assert not database.run(lambda tx: workers.beat(tx, other), late)


def test_an_attempt_that_lost_its_command_cannot_end_it(database: Database) -> None:
    def ask(tx: Tx) -> Any:
        mirror.ensure_account(tx, make.ACCOUNT)
        commands.add(tx, make.ACCOUNT, deposit(), EffectState.READY, NOW)

    database.run(ask, NOW)
    (first,) = database.run(_taken, NOW)
    put = lambda tx: commands.retry(  # noqa: E731 - shown where it matters
        tx, first, EffectState.UNKNOWN, NOW, again=True, problem="the worker stopped"
    )
    assert database.run(put, NOW)
    (second,) = database.run(_taken, NOW)
    assert second.again
    assert not database.run(lambda tx: commands.in_hand(tx, first), NOW)
    assert not database.run(lambda tx: commands.end(tx, first, EffectState.DONE), NOW)
    assert not database.run(lambda tx: commands.finish_late(tx, first, None), NOW)
    assert database.run(lambda tx: commands.end(tx, second, EffectState.DONE), NOW)


def test_a_shared_budget_sells_no_more_places_than_there_are(database: Database) -> None:
    def buy(tx: Tx) -> float:
        return budgets.reserve(tx, "hubspot", gap=0.1, burst=5, places=5)

    waits = [database.run(buy, NOW) for _ in range(4)]
    assert waits == [pytest.approx(at) for at in (0.0, 0.0, 0.5, 1.0)]
    assert database.run(buy, NOW + timedelta(seconds=60)) == 0.0


def test_t54_two_workers_never_have_one_account(database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with database.engine.begin() as one, database.engine.begin() as other:
        schedule.hold(Tx(one, database.keys, NOW), "acc_1")
        schedule.hold(Tx(other, database.keys, NOW), "acc_2")
        with pytest.raises(schedule.Busy):
            schedule.hold(Tx(other, database.keys, NOW), "acc_1")
    with database.engine.begin() as again:
        schedule.hold(Tx(again, database.keys, NOW), "acc_1")


def test_t47_an_audit_entry_is_written_with_its_change_or_not_at_all(database: Database) -> None:
    def broken(tx: Tx) -> Any:
        audit.record_act(tx, "x", "y")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.run(broken, NOW)
    assert database.run(audit.entries, NOW) == []
    database.run(lambda tx: audit.record_act(tx, "x", "y", reason="z"), NOW)
    assert database.run(audit.broken_leaves, NOW) == []
    with database.engine.begin() as db:
        db.execute(update(schema.audit).values(subject="other"))
    assert len(database.run(audit.broken_leaves, NOW)) == 1


def test_the_wrong_key_is_told_before_anything_is_touched(
    database: Database, database_url: str
) -> None:
    other = Database(database_url, Keyring(KEY[::-1]))
    try:
        with pytest.raises(KeyWrong, match="put the right key file back"):
            other.prepare()
    finally:
        other.close()


def test_the_migrations_and_the_schema_agree(database_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from tricord.store.migrations.upgrade import upgrade

    migrated = Database(database_url, Keyring(KEY))
    try:
        upgrade(migrated.engine, "head")
        with migrated.engine.begin() as db:
            found = compare_metadata(MigrationContext.configure(db), schema.metadata)
            db.execute(text("DROP TABLE alembic_version"))
        assert [one for one in found if "alembic_version" not in str(one)] == []
    finally:
        migrated.close()


@pytest.mark.parametrize("field", ["name", "city", "stage"])
def test_t41_only_addresses_and_numbers_have_a_blind_index(field: str) -> None:
    with pytest.raises(ValueError, match="could be guessed"):
        Keyring(KEY).blind(field, "x")


def test_t41_the_same_address_is_indexed_otherwise_under_another_key() -> None:
    one, other = (
        Keyring(KEY).blind("email", "a@b.example"),
        Keyring(KEY[::-1]).blind("email", "a@b.example"),
    )
    assert one != other
    assert one == Keyring(KEY).blind("email", " A@B.example ")
