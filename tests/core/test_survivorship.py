"""Survivorship and the master record: who is believed, where it came from, what the CRM is told."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from core import building as make
from core.building import NOW, usd
from tricord.core.account import Account
from tricord.core.commands import CreateCustomer, SendMessage, UpdateRecord
from tricord.core.decide import decide
from tricord.core.gate import objection
from tricord.core.ids import Kind
from tricord.core.policy.types import Identity, Mastery, Policy
from tricord.core.records import Company, Customer, InvoiceStatus, Record
from tricord.core.survivorship import FIELDS, Sighting, Survivor, survivors, value_in

BILLING_FIRST = ("billing", "crm")
values = st.sampled_from(["", "+12125550100", "(212) 555-0100", "+12125550199"])


def ruled(*master: Mastery) -> Policy:
    firm = replace(make.policy().firm, country="US")
    return make.policy(identity=Identity(master=master), firm=firm)


def field(name: str, account: Account, policy: Policy) -> Survivor:
    return next(one for one in survivors(account, policy) if one.field == name)


def told(crm: str, billing: str) -> Account:
    company, person = make.people()
    assert isinstance(company, Company)
    return make.account(
        replace(company, phone=crm), person, replace(make.customer(), phone=billing)
    )


@given(values, values)
def test_the_first_master_that_has_a_value_is_believed(crm: str, billing: str) -> None:
    found = field("phone", told(crm, billing), ruled(Mastery(field="phone", sources=BILLING_FIRST)))
    assert found.value == (billing or crm)
    default = field("phone", told(crm, billing), ruled())
    assert default.value == (crm or billing)
    only = field("phone", told(crm, billing), ruled(Mastery(field="phone", sources=("billing",))))
    assert only.value == billing


@given(values, values, st.sampled_from(FIELDS), st.booleans())
def test_no_value_is_made_up_and_none_is_lost(
    crm: str, billing: str, name: str, swapped: bool
) -> None:
    account = told(crm, billing)
    sources = BILLING_FIRST if swapped else ("crm", "billing")
    found = field(name, account, ruled(Mastery(field=name, sources=sources)))
    shown = [one.value for one in (found.held, *found.agreeing, *found.others) if one]
    spoken = [value_in(record, name) for record in account.records.values()]
    if name != "name":  # people's names say nothing of their company's
        assert sorted(shown) == sorted(value for value in spoken if value)
    assert set(shown) <= set(spoken)


def test_the_same_number_written_otherwise_is_no_dispute() -> None:
    found = field("phone", told("(212) 555-0100", "+12125550100"), ruled())
    assert not found.disputed
    assert [one.role for one in found.agreeing] == ["billing"]
    assert field("phone", told("+12125550199", "+12125550100"), ruled()).disputed


def test_since_when_is_the_start_of_the_last_unbroken_run() -> None:
    customer = make.customer()
    phones = ["", "+12125550100", "+12125550199", "+1 212 555 0100", "(212) 555-0100"]
    looks = [
        Sighting(
            record=replace(customer, version=n + 1, phone=phone), seen_at=NOW + timedelta(days=n)
        )
        for n, phone in enumerate(phones)
    ]
    account = make.account(looks[-1].record)
    for order in (looks, list(reversed(looks))):
        found = next(one for one in survivors(account, ruled(), order) if one.field == "phone")
        assert found.held is not None
        assert found.held.since == NOW + timedelta(days=3)


def test_receipts_go_where_the_master_of_the_address_says() -> None:
    paid = make.invoice(usd(100), status=InvoiceStatus.PAID, paid=usd(100), paid_at=NOW)
    records: tuple[Record, ...] = (
        *make.people(), make.deal(), paid, make.payment(usd(100)),
        replace(make.customer(), email="books@northwind.example"),
    )  # fmt: skip

    def recipients(policy: Policy) -> set[str]:
        commands = decide(make.account(*records), policy, NOW).commands
        return {one.recipient for one in commands if isinstance(one, SendMessage)}

    assert recipients(make.policy()) == {"ana@northwind.example"}
    mastered = make.policy(
        identity=Identity(master=(Mastery(field="email", sources=BILLING_FIRST),))
    )
    assert recipients(mastered) == {"books@northwind.example"}


def owing(crm: str, billing: str) -> Account:
    account = told(crm, billing)
    return account.with_record(make.deal()).with_record(make.invoice(usd(100)))


def writes(account: Account, policy: Policy) -> list[UpdateRecord]:
    commands = decide(account, policy, NOW).commands
    return [one for one in commands if isinstance(one, UpdateRecord) and "master/" in one.key]


WRITTEN = Mastery(field="phone", sources=BILLING_FIRST, property="phone")


def test_the_crm_is_told_what_its_master_says_once_for_each_value() -> None:
    policy = ruled(WRITTEN)
    account = owing("+12125550199", "+12125550100")
    (one,) = writes(account, policy)
    assert (one.target, one.values) == (make.COMPANY, (("phone", "+12125550100"),))
    assert one.key == "master/hubspot:company:7/phone/1"
    account = account.with_effect(make.done(one))
    assert writes(account, policy) == []
    changed = account.with_record(replace(make.customer(), version=2, phone="+12125550177"))
    (two,) = writes(changed, policy)
    assert two.key == "master/hubspot:company:7/phone/2"


def test_a_system_is_never_told_what_it_masters_or_says_already() -> None:
    assert writes(owing("", "+12125550100"), ruled()) == []
    assert writes(owing("(212) 555-0100", "+12125550100"), ruled(WRITTEN)) == []
    assert writes(owing("+12125550100", ""), ruled(WRITTEN)) == []


def test_invariant_10_the_crm_is_told_nothing_for_what_came_before_go_live() -> None:
    old = make.GO_LIVE - timedelta(days=1)
    account = told("", "+12125550100").with_record(make.invoice(usd(100), issued_at=old))
    assert writes(account, ruled(WRITTEN)) == []


def test_a_customer_is_asked_for_only_when_none_is_known() -> None:
    account = make.account(*make.people(), make.deal("contractsigned"))
    plan = decide(account, make.policy(), NOW)
    assert any(isinstance(one, CreateCustomer) for one in plan.commands)
    other = Customer(ref=make.ref(make.BILLING, Kind.CUSTOMER, "cus_2"), version=1)
    later = account.with_record(other)
    assert not any(
        isinstance(one, CreateCustomer) for one in decide(later, make.policy(), NOW).commands
    )
    # One that was asked for before the client turned out to be there does not leave any more.
    (asked,) = [one for one in plan.commands if isinstance(one, CreateCustomer)]
    assert objection(account, asked, make.policy()) == ""
    assert objection(later, asked, make.policy()) == "the client has a customer there by now"
