"""Homing on a real database: every order of looks and people's words ends in the same accounts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from core import building as make
from core.building import NOW, usd
from core.knowing import GROUND, World
from tricord.core.identity import account_id, home_of
from tricord.core.ids import AccountId, ConnectionName, Kind, Ref
from tricord.core.policy.types import Firm, Policy
from tricord.core.records import (
    Call,
    Channel,
    Company,
    Contact,
    Customer,
    Direction,
    Message,
    Record,
    join,
)
from tricord.engine.batch import Batch
from tricord.engine.homing import renew, resettle, see
from tricord.store import audit, links, mirror, schema
from tricord.store.database import Database, Tx
from tricord.store.sealing import Keyring

MAIL, PHONE = ConnectionName("mail"), ConnectionName("phone")
KEY = bytes(range(32))


def policy() -> Policy:
    plain = make.policy()
    firm = Firm(
        name="Harbour Studio",
        currency="USD",
        zone=plain.firm.zone,
        go_live=plain.firm.go_live,
        country="US",
    )
    return make.policy(firm=firm)


POLICY = policy()
COMPANIES = [make.ref(make.CRM, Kind.COMPANY, n) for n in "12"]
CONTACTS = [make.ref(make.CRM, Kind.CONTACT, n) for n in "345"]
DEALS = [make.ref(make.CRM, Kind.DEAL, n) for n in "67"]
CUSTOMERS = [make.ref(make.BILLING, Kind.CUSTOMER, f"cus_{n}") for n in "12"]
MESSAGES = [make.ref(MAIL, Kind.MESSAGE, f"m{n}") for n in "123"]
EMAILS = ["", "ana@north.example", "Ana@North.example", "bo@south.example", "x@gmail.com"]
NAMES = ["Northwind Traders", "Southwind Mining", "Ana Lindqvist", ""]
PHONES = ["", "(212) 555-0100", "+12125550100", "+12125550199"]
DOMAINS = ["", "north.example", "south.example", "gmail.com"]
ROOTS = [account_id(ref) for ref in (*COMPANIES, *CONTACTS[:2], *CUSTOMERS)]
names, phones, emails = st.sampled_from(NAMES), st.sampled_from(PHONES), st.sampled_from(EMAILS)
versions = st.integers(1, 3)

looks = st.one_of(
    st.builds(Company, ref=st.sampled_from(COMPANIES), version=versions, name=names,
              domain=st.sampled_from(DOMAINS), phone=phones),
    st.builds(Contact, ref=st.sampled_from(CONTACTS), version=versions, name=names, email=emails,
              phone=phones, company=st.sampled_from([None, *COMPANIES])),
    st.builds(
        lambda ref, version, company, people: make.deal(
            ref=ref, version=version, company=company, contacts=tuple(people)
        ),
        st.sampled_from(DEALS), versions, st.sampled_from([None, *COMPANIES]),
        st.lists(st.sampled_from(CONTACTS), max_size=2, unique=True),
    ),
    st.builds(Customer, ref=st.sampled_from(CUSTOMERS), version=versions, name=names, email=emails,
              phone=phones, account=st.sampled_from(["", "", *ROOTS])),
    st.builds(
        lambda customer, version: make.invoice(usd(5), version=version, customer=customer),
        st.sampled_from(CUSTOMERS), versions,
    ),
    st.builds(Message, ref=st.sampled_from(MESSAGES), version=versions,
              direction=st.just(Direction.IN), sender=emails,
              message_id=st.sampled_from(["a@x", "b@x", "c@x"]),
              references=st.lists(st.sampled_from(["a@x", "b@x", "c@x"]), max_size=2).map(tuple)),
    st.builds(Call, ref=st.just(make.ref(PHONE, Kind.CALL, "c1")), version=versions, caller=phones),
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    ref: Ref
    account: AccountId


@dataclass(frozen=True)
class Joined:
    emptied: AccountId
    home: AccountId


words = st.one_of(
    st.builds(Choice, st.sampled_from([*CONTACTS, *CUSTOMERS, *MESSAGES]), st.sampled_from(ROOTS)),
    st.builds(Joined, st.sampled_from(ROOTS), st.sampled_from(ROOTS)).filter(
        lambda one: one.emptied != one.home
    ),
)
Fact = Record | Choice | Joined


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("homing")
    database = Database(f"sqlite:///{folder / 'tricord.db'}", Keyring(KEY))
    database.prepare()
    yield database
    database.close()


def emptied(database: Database) -> Database:
    with database.engine.begin() as db:
        for table in schema.metadata.tables.values():
            if table.name not in ("meta", "partitions"):
                db.execute(delete(table))
    return database


def batched(facts: list[Fact]) -> Callable[[Tx], None]:
    def run(tx: Tx) -> None:
        batch = Batch(tx=tx, policy=POLICY, connections={}, worker=0)
        for fact in facts:
            take_in(batch, fact)

    return run


def take_in(batch: Batch, fact: Fact) -> None:
    match fact:
        case Choice():
            links.choose(batch.tx, fact.ref, fact.account, "person:x")
            resettle(batch, [fact.ref])
        case Joined():
            links.merge(batch.tx, fact.emptied, fact.home, "person:x", "the same")
            resettle(batch, list(batch.account(fact.emptied).records))
        case _:
            see(batch, fact, "read")


def told(facts: list[Fact]) -> World:
    """What is known once all of it has come, whatever the order."""
    records: dict[Ref, Record] = {}
    choices: dict[Ref, AccountId] = {}
    merges: dict[AccountId, AccountId] = {}
    for fact in facts:
        match fact:
            case Choice():
                choices[fact.ref] = fact.account
            case Joined():
                merges[fact.emptied] = fact.home
            case _:
                known = records.get(fact.ref)
                records[fact.ref] = fact if known is None else join(known, fact)
    return World(records=records, choices=choices, merges=merges)


def one_word_each(facts: list[Fact]) -> list[Fact]:
    """A later choice for one record replaces the earlier: their order matters, so one is kept."""
    kept: dict[object, Fact] = {}
    for fact in facts:
        match fact:
            case Choice():
                kept.setdefault(("choice", fact.ref), fact)
            case Joined():
                kept.setdefault(("merge", fact.emptied), fact)
            case _:
                kept.setdefault(fact, fact)
    return list(kept.values())


def said_of_what_is_known(facts: list[Fact]) -> list[Fact]:
    """A person can link only what has been seen: such words wait for the first look."""
    ready: list[Fact] = []
    waiting = [fact for fact in facts if isinstance(fact, Choice)]
    for fact in facts:
        if isinstance(fact, Choice):
            continue
        ready.append(fact)
        if not isinstance(fact, Joined):
            ready += [word for word in waiting if word.ref == fact.ref]
            waiting = [word for word in waiting if word.ref != fact.ref]
    return ready


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(looks, min_size=2, max_size=12),
    st.lists(words, max_size=2),
    st.randoms(use_true_random=False),
    st.integers(1, 3),
)
def test_invariant_5_every_order_of_looks_links_and_merges_ends_in_the_same_accounts(
    kept: Database, records: list[Record], people: list[Fact], dice: Random, cut: int
) -> None:
    facts = one_word_each([*records, *people])
    dice.shuffle(facts)
    facts = said_of_what_is_known(facts)
    database = emptied(kept)
    for start in range(0, len(facts), cut):
        database.run(batched(facts[start : start + cut]), NOW)
    known = told(facts)

    def check(tx: Tx) -> None:
        for ref in known.records:
            home = home_of(ref, known, GROUND)
            assert mirror.account_of(tx, ref) == home.account, (ref, home)
            assert ref in mirror.records_of(tx, home.account)

    database.run(check, NOW)
    assert database.run(audit.broken_leaves, NOW) == []


def arriving(database: Database, *records: Record) -> dict[Ref, AccountId | None]:
    """Where each record is after they came one transaction each, in this order."""
    for record in records:
        database.run(batched([record]), NOW)
    return database.run(lambda tx: {r.ref: mirror.account_of(tx, r.ref) for r in records}, NOW)


ANA = Contact(ref=CONTACTS[0], version=1, name="Ana Lindqvist", email="ana@north.example",
              phone="(212) 555-0100", company=COMPANIES[0])  # fmt: skip
NORTH = Company(ref=COMPANIES[0], version=1, name="Northwind", domain="north.example")
MAIL_OF_ANA = Message(ref=MESSAGES[0], version=1, direction=Direction.IN,
                      sender="Ana@North.Example", message_id="a@x")  # fmt: skip
ANSWER = Message(ref=MESSAGES[1], version=1, direction=Direction.IN, sender="bo@gmail.com",
                 message_id="b@x", references=("a@x",))  # fmt: skip
CALL = Call(ref=make.ref(PHONE, Kind.CALL, "c1"), version=1, caller="+12125550100")


@pytest.mark.parametrize("contact_first", [True, False])
def test_messages_and_calls_find_the_client_whoever_came_first(
    database: Database, contact_first: bool
) -> None:
    people: list[Record] = [NORTH, ANA]
    talk: list[Record] = [ANSWER, MAIL_OF_ANA, CALL]
    order = [*people, *talk] if contact_first else [*talk, *reversed(people)]
    homes = arriving(database, *order)
    assert set(homes.values()) == {account_id(COMPANIES[0])}


def test_a_message_leaves_with_the_address_that_brought_it(database: Database) -> None:
    arriving(database, NORTH, ANA, MAIL_OF_ANA)
    moved = Contact(ref=ANA.ref, version=2, name=ANA.name, email="ana@else.example")
    homes = arriving(database, moved, MAIL_OF_ANA)
    assert homes[MAIL_OF_ANA.ref] == account_id(COMPANIES[0])  # by the company's domain now
    bare = Company(ref=NORTH.ref, version=2, name="Northwind")
    homes = arriving(database, bare, MAIL_OF_ANA)
    assert homes[MAIL_OF_ANA.ref] == account_id(MAIL_OF_ANA.ref)


def test_a_customer_with_hundreds_of_invoices_moves_whole(database: Database) -> None:
    customer = Customer(ref=CUSTOMERS[0], version=1, email="ana@north.example")
    invoices: list[Record] = [
        make.invoice(usd(5), f"in_{n}", customer=customer.ref, key="") for n in range(400)
    ]
    database.run(batched([*invoices, customer]), NOW)
    homes = arriving(database, NORTH, ANA, customer)
    assert set(homes.values()) == {account_id(COMPANIES[0])}
    there = database.run(lambda tx: mirror.records_of(tx, account_id(COMPANIES[0])), NOW)
    assert len(there) == 403


def test_another_country_reads_the_numbers_anew(database: Database) -> None:
    text = Message(ref=MESSAGES[2], version=1, channel=Channel.SMS, direction=Direction.IN,
                   sender="+442079460958")  # fmt: skip
    local = Contact(ref=CONTACTS[1], version=1, name="Bo", phone="020 7946 0958")
    homes = arriving(database, local, text)
    assert len(set(homes.values())) == 2
    british = make.policy(firm=replace(POLICY.firm, country="GB"))
    database.run(lambda tx: renew(Batch(tx=tx, policy=british, connections={}, worker=0)), NOW)
    where = database.run(lambda tx: mirror.account_of(tx, text.ref), NOW)
    assert where == account_id(local.ref)
