"""What people decide about whose a record is, on both databases: exact, audited, and undone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest

from core import building as make
from core.building import NOW, usd
from engine.test_homing import POLICY
from tricord.core.commands import CreateCustomer, CreateInvoice, Effect, EffectState
from tricord.core.decide import decide
from tricord.core.identity import account_id
from tricord.core.ids import AccountId, Kind, Ref
from tricord.core.records import Company, Contact, Customer, Invoice, Record
from tricord.engine import joining, proposing
from tricord.engine.batch import Batch
from tricord.engine.homing import see
from tricord.store import audit, commands, identity_views, matches, mirror, views
from tricord.store.database import Database, Tx

T = TypeVar("T")
OTHER = make.ref(make.CRM, Kind.COMPANY, "9")
BO = make.ref(make.CRM, Kind.CONTACT, "10")
THEIRS = make.ref(make.BILLING, Kind.CUSTOMER, "cus_9")
STRANGER = make.ref(make.BILLING, Kind.CUSTOMER, "cus_5")
HOME, THERE = make.ACCOUNT, account_id(OTHER)
BY = "person:ana"


def done(database: Database, work: Callable[[Batch], T]) -> T:
    def run(tx: Tx) -> T:
        return work(Batch(tx=tx, policy=POLICY, connections={}, worker=0))

    return database.run(run, NOW)


def seen(database: Database, *records: Record) -> None:
    def take_in(batch: Batch) -> None:
        for record in records:
            see(batch, record, "read")

    done(database, take_in)


def where(database: Database, *refs: Ref) -> list[AccountId | None]:
    return database.run(lambda tx: [mirror.account_of(tx, ref) for ref in refs], NOW)


def settled(database: Database, account: AccountId) -> None:
    """Everything that should exist for the account is asked for and done."""

    def work(batch: Batch) -> None:
        for command in decide(batch.account(account), POLICY, NOW).commands:
            commands.add(batch.tx, account, command, EffectState.DONE, NOW)

    for _ in range(4):
        done(database, work)


def effects(database: Database, account: AccountId) -> dict[str, Effect]:
    return database.run(lambda tx: commands.effects_of(tx, account), NOW)


def two_clients() -> tuple[Record, ...]:
    deal = make.deal("contractsigned")
    issued = make.invoice(usd(300_000), party="Northwind Traders")
    theirs = make.invoice(usd(70_000), "in_9", customer=THEIRS, key="", deal=None,
                          party="Northwind Trading")  # fmt: skip
    return (
        *make.people(), make.customer(), deal, issued,
        Company(ref=OTHER, version=1, name="Northwind Trading"),
        Contact(ref=BO, version=1, name="Bo Ek", email="bo@trading.example", company=OTHER),
        Customer(ref=THEIRS, version=1, name="Northwind Trading", email="bo@trading.example"),
        theirs,
    )  # fmt: skip


def test_a_merge_moves_everything_issues_nothing_and_leaves_issued_documents_as_they_are(
    database: Database,
) -> None:
    seen(database, *two_clients())
    settled(database, HOME)
    settled(database, THERE)
    before = {**effects(database, HOME), **effects(database, THERE)}
    documents = [
        record
        for account in (HOME, THERE)
        for record in database.run(lambda tx, a=account: mirror.records_of(tx, a), NOW).values()  # type: ignore[misc]
        if isinstance(record, Invoice)
    ]
    assert where(database, make.COMPANY, OTHER) == [HOME, THERE]

    assert done(database, lambda b: joining.merge(b, HOME, THERE, BY, "one client")) == THERE
    moved = [make.COMPANY, make.CONTACT, make.DEAL, make.CUSTOMER, make.invoice(usd(1)).ref]
    assert set(where(database, *moved, OTHER, BO, THEIRS)) == {THERE}
    assert effects(database, THERE) == before
    assert effects(database, HOME) == {}

    def after(batch: Batch) -> None:
        account = batch.account(THERE)
        kept = [r for r in account.records.values() if isinstance(r, Invoice)]
        assert sorted(kept, key=lambda r: r.ref) == sorted(documents, key=lambda r: r.ref)
        assert {one.party for one in kept} == {"Northwind Traders", "Northwind Trading"}
        wanted = decide(account, POLICY, NOW).commands
        assert not [c for c in wanted if isinstance(c, CreateInvoice | CreateCustomer)]

    done(database, after)


def test_undoing_a_merge_restores_exactly_and_what_came_since_goes_where_it_belongs(
    database: Database,
) -> None:
    seen(database, *two_clients())
    for account in (HOME, THERE):
        settled(database, account)

    def picture() -> object:
        def look(tx: Tx) -> object:
            return [
                (mirror.records_of(tx, a), commands.effects_of(tx, a), identity_links(tx, a))
                for a in (HOME, THERE)
            ]

        return database.run(look, NOW)

    before = picture()
    done(database, lambda b: joining.merge(b, HOME, THERE, BY, "one client"))
    done(database, lambda b: joining.unmerge(b, HOME, BY, "they are not"))
    assert picture() == before

    done(database, lambda b: joining.merge(b, HOME, THERE, BY, "one client after all"))
    late_theirs = Contact(ref=make.ref(make.CRM, Kind.CONTACT, "11"), version=2, company=OTHER)
    late_ours = replace(late_theirs, ref=make.ref(make.CRM, Kind.CONTACT, "12"),
                        company=make.COMPANY)  # fmt: skip
    seen(database, late_theirs, late_ours)
    assert where(database, late_theirs.ref, late_ours.ref) == [THERE, THERE]
    done(database, lambda b: joining.unmerge(b, HOME, BY, "they are not"))
    assert where(database, late_theirs.ref, late_ours.ref) == [THERE, HOME]
    assert where(database, make.DEAL, THEIRS) == [HOME, THERE]


def identity_links(tx: Tx, account: AccountId) -> list[tuple[Ref, str]]:
    found = identity_views.portrait(tx, account, POLICY)
    assert found is not None
    return [(link.ref, link.basis) for link in found.links]


def test_a_command_that_had_no_record_to_follow_comes_back_from_a_merge(
    database: Database,
) -> None:
    seen(database, *make.people(), make.deal("contractsigned"),
         Company(ref=OTHER, version=1, name="Northwind Trading"))  # fmt: skip
    settled(database, HOME)
    made = [k for k, e in effects(database, HOME).items() if isinstance(e.command, CreateCustomer)]
    assert made
    done(database, lambda b: joining.merge(b, HOME, THERE, BY, "one client"))
    assert set(made) <= set(effects(database, THERE))
    done(database, lambda b: joining.unmerge(b, HOME, BY, "no"))
    assert set(made) <= set(effects(database, HOME))
    assert effects(database, THERE) == {}


def test_a_merge_of_a_merge_is_undone_one_at_a_time(database: Database) -> None:
    third = make.ref(make.CRM, Kind.COMPANY, "12")
    seen(database, *two_clients(), Company(ref=third, version=1, name="North Group"))
    done(database, lambda b: joining.merge(b, HOME, THERE, BY, "one"))
    done(database, lambda b: joining.merge(b, THERE, account_id(third), BY, "one group"))
    assert set(where(database, make.COMPANY, OTHER, third)) == {account_id(third)}
    with pytest.raises(joining.CannotJoin, match="one account already"):
        done(database, lambda b: joining.merge(b, account_id(third), HOME, BY, "again"))
    done(database, lambda b: joining.unmerge(b, THERE, BY, "no group"))
    assert where(database, make.COMPANY, OTHER, third) == [THERE, THERE, account_id(third)]
    done(database, lambda b: joining.unmerge(b, HOME, BY, "no"))
    assert where(database, make.COMPANY, OTHER) == [HOME, THERE]


def test_a_persons_link_holds_until_it_is_taken_back(database: Database) -> None:
    seen(database, *two_clients())
    done(database, lambda b: joining.link(b, THEIRS, HOME, BY))
    assert where(database, THEIRS, make.ref(make.BILLING, Kind.INVOICE, "in_9")) == [HOME, HOME]
    seen(database, Customer(ref=THEIRS, version=5, name="N", email="bo@trading.example"))
    assert where(database, THEIRS) == [HOME]
    assert done(database, lambda b: joining.unlink(b, THEIRS, BY)) == THERE
    with pytest.raises(joining.CannotJoin, match="no person has linked"):
        done(database, lambda b: joining.unlink(b, THEIRS, BY))
    with pytest.raises(joining.CannotJoin, match="there is no account"):
        done(database, lambda b: joining.link(b, THEIRS, AccountId("acc_nobody"), BY))
    with pytest.raises(joining.CannotJoin, match="there is no record"):
        done(database, lambda b: joining.link(b, make.ref(make.CRM, Kind.DEAL, "0"), HOME, BY))


def doubtful() -> tuple[Record, ...]:
    """A customer who shares a number with a client, under a wholly different name."""
    company = Company(ref=make.COMPANY, version=1, name="Northwind Traders", phone="212 555 0100")
    owing = make.invoice(usd(90_000), "in_5", customer=STRANGER, key="", deal=None)
    return (
        company,
        Customer(ref=STRANGER, version=1, name="Zebra Mining", phone="(212) 555-0100"),
        owing,
    )


@pytest.mark.parametrize("crm_first", [True, False])
def test_what_is_likely_and_not_certain_waits_for_a_person_with_the_money_at_stake(
    database: Database, crm_first: bool
) -> None:
    records = doubtful() if crm_first else tuple(reversed(doubtful()))
    seen(database, *records)
    (row,) = database.run(lambda tx: identity_views.queue(tx, 9), NOW)
    assert (row.record, row.account) == (STRANGER, HOME)
    assert 0.5 <= row.score < 0.98
    assert row.reasons == ("the same phone number", "a wholly different name")
    assert where(database, STRANGER) == [account_id(STRANGER)]
    (case,) = database.run(lambda tx: views.cases(tx, limit=9), NOW)
    assert (case.kind, case.owner) == ("identity", "role:finance")
    assert f"tricord identity accept {row.id}" in case.next_actions[0]


def test_the_case_tells_what_the_record_owes(database: Database) -> None:
    _, customer, owing = doubtful()
    company = doubtful()[0]
    seen(database, customer, owing, company)
    (case,) = database.run(lambda tx: views.cases(tx, limit=9), NOW)
    assert case.money == usd(90_000)


def test_an_accepted_match_moves_the_record_and_closes_its_case(database: Database) -> None:
    seen(database, *doubtful())
    (row,) = database.run(lambda tx: identity_views.queue(tx, 9), NOW)
    assert done(database, lambda b: joining.accept(b, row.id, BY)) == HOME
    assert where(database, STRANGER, make.ref(make.BILLING, Kind.INVOICE, "in_5")) == [HOME, HOME]
    assert database.run(lambda tx: views.cases(tx, limit=9), NOW) == []
    assert database.run(lambda tx: identity_views.queue(tx, 9), NOW) == []
    with pytest.raises(joining.CannotJoin, match="no open match"):
        done(database, lambda b: joining.accept(b, row.id, BY))


def test_a_rejected_match_is_never_proposed_again(database: Database) -> None:
    seen(database, *doubtful())
    (row,) = database.run(lambda tx: identity_views.queue(tx, 9), NOW)
    done(database, lambda b: joining.reject(b, row.id, BY))
    company, customer, _ = doubtful()
    assert isinstance(customer, Customer)
    assert isinstance(company, Company)
    seen(database, replace(customer, version=7, address="1 Main St"))
    seen(database, replace(company, version=8, name="Northwind"))
    done(database, proposing.scan)
    assert database.run(lambda tx: identity_views.queue(tx, 9), NOW) == []
    assert database.run(lambda tx: views.cases(tx, limit=9), NOW) == []
    (kept,) = database.run(lambda tx: matches.of_record(tx, STRANGER), NOW)
    assert (kept.state, kept.actor) == ("rejected", BY)
    assert where(database, STRANGER) == [account_id(STRANGER)]


def test_a_match_closes_itself_when_the_record_finds_its_account(database: Database) -> None:
    seen(database, *doubtful())
    found = Customer(ref=STRANGER, version=3, name="Northwind Traders", phone="+12125550100")
    seen(database, found)
    assert where(database, STRANGER) == [HOME]
    assert database.run(lambda tx: identity_views.queue(tx, 9), NOW) == []
    assert database.run(lambda tx: views.cases(tx, limit=9), NOW) == []


def test_a_name_alone_is_found_by_the_scan_and_is_never_certain(database: Database) -> None:
    seen(database, Company(ref=make.COMPANY, version=1, name="Northwind Traders, Inc."),
         Company(ref=OTHER, version=1, name="Zebra Mining LLC"),
         Customer(ref=STRANGER, version=1, name="NORTHWIND TRADERS"))  # fmt: skip
    assert database.run(lambda tx: identity_views.queue(tx, 9), NOW) == []
    assert done(database, proposing.scan) == 1
    (row,) = database.run(lambda tx: identity_views.queue(tx, 9), NOW)
    assert row.account == HOME
    assert where(database, STRANGER) == [account_id(STRANGER)]
    assert done(database, proposing.scan) == 1
    assert len(database.run(lambda tx: identity_views.queue(tx, 9), NOW)) == 1


def test_t47_every_word_of_a_person_is_one_audit_entry(database: Database) -> None:
    seen(database, *two_clients(), *doubtful()[1:])
    done(database, lambda b: joining.link(b, THEIRS, HOME, BY))
    done(database, lambda b: joining.unlink(b, THEIRS, BY))
    done(database, lambda b: joining.merge(b, HOME, THERE, BY, "one client"))
    done(database, lambda b: joining.unmerge(b, HOME, BY, "no"))
    entries = database.run(lambda tx: audit.entries(tx, 99), NOW)
    acts = [e["act"] for e in reversed(entries) if e["actor"] == BY]
    assert acts == [
        "identity.linked", "identity.unlinked", "identity.merged", "identity.unmerged",
    ]  # fmt: skip
    assert database.run(audit.broken_leaves, NOW) == []


def test_the_accounts_a_person_changed_are_decided_by_the_engine_next(database: Database) -> None:
    seen(database, *two_clients())
    done(database, lambda b: joining.merge(b, HOME, THERE, BY, "one client"))
    due = database.run(lambda tx: mirror.due_accounts(tx, None, 9), NOW + timedelta(seconds=1))
    assert THERE in due
    assert HOME not in due


def test_a_field_tells_where_it_came_from_and_since_when(database: Database) -> None:
    seen(database, *make.people())
    seen(database, replace(make.customer(), phone="+1 212 555 0100"))
    found = database.run(lambda tx: identity_views.portrait(tx, HOME, POLICY), NOW)
    assert found is not None
    phone = next(field for field in found.fields if field.field == "phone")
    assert phone.held is not None
    assert (phone.held.role, phone.held.since) == ("billing", NOW)
