"""What identity keeps, on both databases: found by hash alone, once each, and never twice live."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core import building as make
from core.building import NOW
from tricord.core.identity import Ground, Traces, account_id, traces_of
from tricord.core.ids import AccountId, ConnectionName, Kind
from tricord.core.records import Company, Contact, Direction, Message
from tricord.store import links, matches, mirror, schema
from tricord.store.database import Database, Tx
from tricord.store.matches import Proposal

GROUND = Ground(crm=make.CRM, country="US")
OTHER = account_id(make.ref(make.CRM, Kind.COMPANY, "9"))
MESSAGE = make.ref(ConnectionName("mail"), Kind.MESSAGE, "m1")


def saved(database: Database, *records: Any) -> None:
    def save(tx: Tx) -> None:
        mirror.ensure_account(tx, make.ACCOUNT)
        for record in records:
            mirror.save_record(tx, make.ACCOUNT, record, traces_of(record, GROUND))

    database.run(save, NOW)


def test_a_record_is_found_by_each_of_its_details_and_by_none_it_has_lost(
    database: Database,
) -> None:
    company = Company(ref=make.COMPANY, version=1, domain="www.North.example", phone="212 555 0100")
    contact = Contact(ref=make.CONTACT, version=1, email="Ana@North.example")
    saved(database, company, contact)

    def found(trace: str, value: str, *kinds: Kind) -> list[Any]:
        return database.run(lambda tx: mirror.found_by(tx, trace, value, kinds), NOW)

    assert found("phone", "+12125550100", Kind.COMPANY) == [make.COMPANY]
    assert found("email", "ana@north.example", Kind.CONTACT, Kind.CUSTOMER) == [make.CONTACT]
    both = found("domain", "north.example", Kind.CONTACT, Kind.COMPANY)
    assert both == [make.COMPANY, make.CONTACT]
    assert found("domain", "north.example", Kind.CUSTOMER) == []
    saved(database, Contact(ref=make.CONTACT, version=2))
    assert found("email", "ana@north.example", Kind.CONTACT) == []
    assert (
        database.run(lambda tx: mirror.root_of(tx, account_id(make.CONTACT)), NOW) == make.CONTACT
    )


def test_t41_no_address_number_domain_or_message_id_stands_readable_in_a_row(
    database: Database,
) -> None:
    message = Message(
        ref=MESSAGE,
        version=1,
        direction=Direction.IN,
        sender="ana@north.example",
        message_id="secret-1@north.example",
        references=("secret-2@x.example",),
    )
    saved(database, message, Company(ref=make.COMPANY, version=1, domain="north.example"))
    with database.engine.connect() as db:
        rows = [*db.execute(select(schema.records)), *db.execute(select(schema.mentions))]
    text = repr([tuple(row) for row in rows])
    for canary in ("north.example", "secret-1", "secret-2", "x.example"):
        assert canary not in text
    answers = database.run(lambda tx: mirror.mentioning(tx, "secret-2@x.example"), NOW)
    assert answers == [MESSAGE]
    saved(database, Message(ref=MESSAGE, version=2))
    assert database.run(lambda tx: mirror.mentioning(tx, "secret-2@x.example"), NOW) == []


def test_free_mail_has_no_index_of_its_domain() -> None:
    contact = Contact(ref=make.CONTACT, version=1, email="ana@gmail.com")
    assert traces_of(contact, GROUND) == Traces(email="ana@gmail.com")


def test_an_emptied_account_lives_again_when_something_belongs_there(database: Database) -> None:
    def work(tx: Tx) -> AccountId:
        for account in (make.ACCOUNT, OTHER):
            mirror.ensure_account(tx, account)
        mirror.merge_into(tx, make.ACCOUNT, OTHER)
        return mirror.ensure_account(tx, make.ACCOUNT)

    assert database.run(work, NOW) == make.ACCOUNT
    with database.engine.connect() as db:
        assert db.execute(select(schema.accounts.c.merged_into)).scalars().all() == [None, None]


def test_an_account_is_merged_into_one_other_at_a_time(database: Database) -> None:
    def merge(tx: Tx) -> int:
        return links.merge(tx, make.ACCOUNT, OTHER, "person:x", "one client")

    number = database.run(merge, NOW)
    with pytest.raises(IntegrityError):
        database.run(merge, NOW)
    assert database.run(lambda tx: links.merged(tx, make.ACCOUNT), NOW) == OTHER
    database.run(lambda tx: links.unmerge(tx, number), NOW)
    assert database.run(lambda tx: links.merged(tx, make.ACCOUNT), NOW) is None
    again = database.run(merge, NOW)
    told = database.run(lambda tx: links.merges_of(tx, OTHER), NOW)
    assert [one.id for one in told] == [number, again]
    assert told[0].unmerged_at == NOW


def test_a_proposal_is_one_row_and_what_was_decided_stays_decided(database: Database) -> None:
    def propose(*wanted: Proposal) -> list[matches.Match]:
        def work(tx: Tx) -> list[matches.Match]:
            matches.propose(tx, make.CUSTOMER, wanted)
            return matches.of_record(tx, make.CUSTOMER)

        return database.run(work, NOW)

    first = Proposal(account=make.ACCOUNT, score=0.61234, reasons=("the same name",))
    second = Proposal(account=OTHER, score=0.7, reasons=("a", "b"))
    (one,) = propose(first)
    assert (one.score, one.reasons, one.state) == (0.6123, ("the same name",), "open")
    assert [match.account for match in propose(first, second)] == [OTHER, make.ACCOUNT]
    database.run(lambda tx: matches.decide(tx, one.id, matches.REJECTED, "person:x"), NOW)
    assert {match.state for match in propose(first)} == {"rejected"}
    assert database.run(lambda tx: matches.waiting(tx, 9), NOW) == []
