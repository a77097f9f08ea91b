"""Identity: by what a record finds its account, in which order, and what is not believed."""

from dataclasses import replace

import pytest

from core import building as make
from core.building import usd
from core.knowing import GROUND, World, world
from tricord.core.identity import Home, account_id, account_now, candidates, home_of, traces_of
from tricord.core.ids import AccountId, ConnectionName, Kind, Ref
from tricord.core.records import (
    Call,
    Channel,
    Company,
    Contact,
    Customer,
    Direction,
    Message,
    Record,
)

MAIL, PHONE = ConnectionName("mail"), ConnectionName("phone")
OTHER = make.ref(make.CRM, Kind.COMPANY, "9")
BARE = Customer(ref=make.CUSTOMER, version=1, name="Northwind Traders")


def home(ref: Ref, known: World) -> Home:
    return home_of(ref, known, GROUND)


def message(external_id: str = "m1", **changes: object) -> Message:
    values: dict[str, object] = {
        "ref": make.ref(MAIL, Kind.MESSAGE, external_id),
        "version": 1,
        "direction": Direction.IN,
        "sender": "Ana@Northwind.Example",
        "message_id": f"{external_id}@northwind.example",
    }
    return Message(**(values | changes))  # type: ignore[arg-type]  # tests name real fields


def contact(number: str, **changes: object) -> Contact:
    values: dict[str, object] = {"ref": make.ref(make.CRM, Kind.CONTACT, number), "version": 1}
    return Contact(**(values | changes))  # type: ignore[arg-type]  # tests name real fields


def test_a_record_goes_home_through_its_parents() -> None:
    one = make.invoice(usd(1))
    known = world(*make.people(), make.customer(), make.deal(), one)
    for start in (make.COMPANY, make.CONTACT, make.DEAL, make.CUSTOMER, one.ref):
        assert home(start, known).account == make.ACCOUNT
    assert home(one.ref, world()).account == account_id(one.ref)


def test_a_mark_that_is_no_account_of_ours_is_not_believed() -> None:
    forged = replace(make.customer(), account="acc_../../etc", email="")
    assert home(make.CUSTOMER, world(forged)).account == account_id(make.CUSTOMER)


def test_t05_a_mark_never_leads_out_of_what_this_database_knows() -> None:
    stranger = replace(make.customer(), account="acc_" + "0" * 20)
    found = home(make.CUSTOMER, world(*make.people(), stranger))
    assert found == Home(account=AccountId("acc_" + "0" * 20), basis="mark", root=None)


def test_a_mark_of_a_client_that_has_moved_leads_to_where_it_is_now() -> None:
    marked = replace(make.customer(), account=account_id(make.CONTACT))
    found = home(make.CUSTOMER, world(*make.people(), marked))
    assert (found.account, found.basis) == (make.ACCOUNT, "mark")


def test_the_root_of_a_chain_that_bites_its_tail_is_the_same_wherever_one_enters() -> None:
    a, b = (make.ref(make.CRM, Kind.CONTACT, n) for n in "12")
    known = world(contact("1", company=b), contact("2", company=a))
    assert home(a, known).account == home(b, known).account == account_id(a)


@pytest.mark.parametrize("written", ["Ana@X.Example", "ana@x.example", " ANA@X.EXAMPLE "])
def test_an_address_is_the_same_in_any_case(written: str) -> None:
    known = world(contact("1", email="ana@x.example"), replace(BARE, email=written))
    assert home(make.CUSTOMER, known).basis == "email"
    assert traces_of(replace(BARE, email=written), GROUND).email == "ana@x.example"


def test_sub_addresses_and_dots_are_not_folded_together() -> None:
    for other in ("ana+books@gmail.com", "a.na@gmail.com"):
        known = world(contact("1", email="ana@gmail.com"), replace(BARE, name="", email=other))
        assert home(make.CUSTOMER, known).basis == "own"


def test_a_persons_word_comes_before_mark_and_address() -> None:
    known = world(*make.people(), Company(ref=OTHER, version=1), make.customer(),
                  choices={make.CUSTOMER: account_id(OTHER)})  # fmt: skip
    assert home(make.CUSTOMER, known) == Home(account=account_id(OTHER), basis="person", root=OTHER)


def test_an_address_that_two_clients_share_is_not_certain() -> None:
    theirs = contact("9", email="ana@northwind.example", company=OTHER)
    known = world(*make.people(), Company(ref=OTHER, version=1, name="Southwind Partners"), theirs,
                  replace(BARE, name="", email="ana@northwind.example"))  # fmt: skip
    assert home(make.CUSTOMER, known).basis == "own"
    both = candidates(known.records[make.CUSTOMER], known, GROUND)
    assert {one.account for one in both} == {make.ACCOUNT, account_id(OTHER)}


def test_of_two_clients_with_one_address_the_name_tells() -> None:
    theirs = contact("9", name="Ana", email="ana@northwind.example", company=OTHER)
    known = world(*make.people(), Company(ref=OTHER, version=1, name="Zebra Mining"), theirs,
                  replace(BARE, email="ana@northwind.example", phone="+1 212 555 0101"),
                  contact("10", phone="(212) 555-0101", company=make.COMPANY))  # fmt: skip
    assert home(make.CUSTOMER, known).account == make.ACCOUNT


def test_a_customer_is_found_by_a_number_written_otherwise() -> None:
    known = world(Company(ref=make.COMPANY, version=1, name="Northwind", phone="(212) 555-0100"),
                  replace(BARE, phone="+1-212-555-0100"))  # fmt: skip
    assert home(make.CUSTOMER, known) == Home(
        account=make.ACCOUNT, basis="phone", root=make.COMPANY
    )


def test_a_number_of_somebody_with_a_wholly_different_name_is_asked_about() -> None:
    known = world(Company(ref=make.COMPANY, version=1, name="Zebra Mining", phone="212 555 0100"),
                  replace(BARE, phone="+12125550100"))  # fmt: skip
    assert home(make.CUSTOMER, known).basis == "own"
    (one,) = candidates(known.records[make.CUSTOMER], known, GROUND)
    assert not one.likeness.certain
    assert one.likeness.reasons == ("the same phone number", "a wholly different name")


def test_a_customer_is_found_by_its_companys_domain_but_not_by_free_mail() -> None:
    company = Company(ref=make.COMPANY, version=1, name="Northwind", domain="northwind.example")
    at_work = replace(BARE, name="Bo Ek", email="bo.ek@northwind.example")
    assert home(make.CUSTOMER, world(company, at_work)).basis == "domain"
    gmail = replace(company, domain="gmail.com")
    free = replace(BARE, name="Bo Ek", email="bo.ek@gmail.com")
    assert home(make.CUSTOMER, world(gmail, free)).basis == "own"


def test_a_domain_that_two_clients_share_is_never_certain() -> None:
    one = Company(ref=make.COMPANY, version=1, name="Wind North", domain="wind.example")
    two = Company(ref=OTHER, version=1, name="Wind South", domain="wind.example")
    at_work = replace(BARE, name="Bo Ek", email="bo.ek@wind.example")
    assert home(make.CUSTOMER, world(one, two, at_work)).basis == "own"
    assert home(message().ref, world(one, two, message(sender="x@wind.example"))).basis == "own"


def test_a_message_is_found_by_thread_then_address_then_domain() -> None:
    company, ana = make.people()
    first = message("m1", sender="bo@else.example", about=make.DEAL)
    reply = message("m2", sender="new@else.example", references=("m1@northwind.example",))
    known = world(company, ana, make.deal(), first, reply)
    assert (home(reply.ref, known).account, home(reply.ref, known).basis) == (
        make.ACCOUNT,
        "thread",
    )
    assert home(message().ref, world(company, ana, message())).basis == "email"
    known = world(Company(ref=make.COMPANY, version=1, domain="northwind.example"), message())
    assert home(message().ref, known).basis == "domain"


def test_a_thread_of_strangers_does_not_hide_an_address_that_is_known() -> None:
    strange = message("m1", sender="who@nowhere.example")
    reply = message("m2", references=("m1@northwind.example",))
    known = world(*make.people(), strange, reply)
    assert (home(reply.ref, known).account, home(reply.ref, known).basis) == (
        make.ACCOUNT,
        "email",
    )
    assert home(strange.ref, known).basis == "own"


def test_calls_and_text_messages_are_found_by_number() -> None:
    ana = contact("8", phone="(212) 555-0100", company=make.COMPANY)
    call = Call(ref=make.ref(PHONE, Kind.CALL, "c1"), version=1, caller="+12125550100")
    text = message("t1", channel=Channel.SMS, sender="+12125550100")
    known = world(make.people()[0], ana, call, text)
    for one in (call, text):
        found = home(one.ref, known)
        assert (found.account, found.basis) == (make.ACCOUNT, "phone")


def test_a_merge_redirects_whoever_belongs_to_the_account_and_undoing_it_is_forgetting_it() -> None:
    other = Company(ref=OTHER, version=1, name="Northwind Tr.")
    records: tuple[Record, ...] = (*make.people(), other, make.customer())
    merged = world(*records, merges={make.ACCOUNT: account_id(OTHER)})
    for ref in (make.COMPANY, make.CONTACT, make.CUSTOMER):
        assert home(ref, merged) == Home(account=account_id(OTHER), basis="person", root=OTHER)
    assert account_now(make.ACCOUNT, merged, GROUND) == account_id(OTHER)
    assert home(make.COMPANY, world(*records)).account == make.ACCOUNT


def test_merges_into_each_other_end() -> None:
    other = Company(ref=OTHER, version=1)
    there = {make.ACCOUNT: account_id(OTHER), account_id(OTHER): make.ACCOUNT}
    known = world(*make.people(), other, merges=there)
    assert home(make.COMPANY, known).account == home(OTHER, known).account


def test_what_a_person_links_to_each_other_ends() -> None:
    known = world(
        *make.people(), replace(BARE, email="ana@northwind.example"),
        choices={make.CONTACT: account_id(make.CUSTOMER)},
    )  # fmt: skip
    found = {home(ref, known).account for ref in (make.CONTACT, make.CUSTOMER)}
    assert len(found) == 1
