"""Reading a policy file: every value lands where it belongs."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.policies import (
    CONNECTORS,
    EXAMPLE,
    FOLDER,
    SMALL,
    VARIABLES,
    changed,
    load,
    problems,
)
from tricord.app.declarations import COMING, ConnectorShape, PolicyInvalid
from tricord.app.policy_file import load_policy, read_policy, version_of
from tricord.core.money import Money
from tricord.core.policy.types import Balance, Fixed, Installment, Mastery, Percent
from tricord.sdk.secret import Secret


def test_the_example_becomes_the_policy_it_says() -> None:
    policy = load(EXAMPLE).policy
    assert policy.firm.name == "Harbour Studio"
    assert policy.firm.currency == "USD"
    assert policy.firm.zone == ZoneInfo("America/New_York")
    assert policy.firm.holidays == "US"
    assert policy.firm.go_live == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert policy.roles.crm == "hubspot"
    assert policy.roles.billing == "stripe"
    assert policy.roles.email == "mail"
    assert policy.roles.sms == "phone"
    assert policy.roles.alerts == ("slack", "mail")
    (rule,) = policy.alerts
    assert (rule.to, rule.within) == (("slack", "mail"), timedelta(minutes=1))
    assert rule.when.holds({"case": {"money": 100_001}}, "USD")
    assert policy.milestone_order == (
        "contract_signed",
        "milestone_1_delivered",
        "project_complete",
    )
    assert policy.milestone_of("milestone1") == "milestone_1_delivered"
    assert policy.fields == (
        ("deal.service_type", "service_type"),
        ("deal.payment_terms", "payment_terms"),
        ("deal.retainer", "monthly_retainer"),
        ("deal.renewal_date", "renewal_date"),
    )
    assert policy.write_back_to("deal") == (
        ("payment_status", "tricord_payment_status"),
        ("outstanding", "tricord_outstanding"),
    )
    assert policy.write_back_to("account") == (("overdue", "tricord_overdue"),)
    assert policy.hold == timedelta(0)
    assert policy.on_paid == ("receipt", "thank-you")
    assert policy.owners.default == "role:operations"
    assert policy.owners.billing == "role:finance"


def test_the_examples_plans_bill_what_they_say() -> None:
    project, retainer = load(EXAMPLE).policy.plans
    assert (project.id, project.terms_days, project.active) == ("project", 14, True)
    assert project.when.holds({"deal": {"service_type": "project"}}, "USD")
    assert not project.when.holds({"deal": {"service_type": "retainer"}}, "USD")
    assert project.installments == (
        Installment(id="deposit", at="contract_signed", bill=Percent(Fraction(3, 10))),
        Installment(id="progress", at="milestone_1_delivered", bill=Percent(Fraction(2, 5))),
        Installment(id="final", at="project_complete", bill=Balance()),
    )
    assert (retainer.id, retainer.active) == ("retainer", False)


def test_the_examples_approval_and_logging_are_taken_over() -> None:
    policy = load(EXAMPLE).policy
    (approval,) = policy.approvals
    assert approval.by == "role:finance"
    assert approval.when.holds({"invoice": {"total": 2_500_001}}, "USD")
    assert not approval.when.holds({"invoice": {"total": 2_500_000}}, "USD")
    assert policy.logging.channels == {"email", "sms", "call"}
    assert policy.logging.never == ("*.court.example",)
    assert policy.logging.privileged is not None
    assert policy.logging.privileged.excepted == {"payment", "invoice", "engagement-letter"}


def test_what_the_example_says_and_nobody_does_yet_is_listed() -> None:
    assert load(EXAMPLE).policy.inactive == (
        "firm.holidays: not active yet",
        "billing.plans retainer: plans that recur are not active yet",
        "reminders: not active yet",
        "follow_up.on_paid start: renewal is not active yet",
        "outreach: not active yet",
    )
    assert load(SMALL).policy.inactive == ()


def test_the_examples_connections_carry_their_settings() -> None:
    hubspot, stripe, mail, phone, slack = load(EXAMPLE).connections
    assert [c.name for c in (hubspot, stripe, mail)] == ["hubspot", "stripe", "mail"]
    assert all(c.active for c in (hubspot, stripe, mail, phone, slack))
    assert hubspot.values == {
        "token": Secret("pat-hidden-1"),
        "webhook_secret": Secret("hook-hidden-2"),
    }
    assert mail.connector == "smtp"
    assert mail.values["sender"] == "Harbour Studio <billing@harbour.example>"
    assert phone.values == {
        "account_sid": Secret("AC-6"),
        "auth_token": Secret("token-hidden-7"),
        "sender": "+15550100",
    }
    assert (hubspot.line, slack.line) == (11, 15)
    assert hubspot.poll == timedelta(seconds=60)
    assert hubspot.base_url is None


def test_a_connection_may_name_another_host_and_rhythm() -> None:
    text = changed("token: ${HUBSPOT_TOKEN}", "token: ${HUBSPOT_TOKEN}, base_url: ${HOST}, "
                   "poll: 5 minutes")  # fmt: skip
    loaded = load(text, variables={**VARIABLES, "HOST": "http://127.0.0.1:9"})
    assert loaded.connections[0].base_url == "http://127.0.0.1:9"
    assert loaded.connections[0].poll == timedelta(minutes=5)
    (problem,) = problems(text, variables={**VARIABLES, "HOST": "localhost"})
    assert "not an address" in problem.message


def test_the_servers_address_is_optional() -> None:
    assert load(SMALL).public_url is None
    text = SMALL + "server: {public_url: https://tricord.acme.example/}\n"
    assert load(text).public_url == "https://tricord.acme.example"


def test_the_version_is_the_hash_of_the_text_with_any_line_ends() -> None:
    version = load(SMALL).policy.version
    assert version == hashlib.sha256(SMALL.encode()).hexdigest()[:12]
    assert load(SMALL.replace("\n", "\r\n")).policy.version == version
    assert version_of(SMALL.replace("\n", "\r\n")) == version
    assert load(SMALL + "# a remark\n").policy.version != version


def test_the_version_does_not_depend_on_secrets() -> None:
    other = dict.fromkeys(VARIABLES, "other")
    assert load(SMALL, variables=other).policy.version == load(SMALL).policy.version


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("Asia/Kolkata", "2026-03-01", datetime(2026, 2, 28, 18, 30, tzinfo=UTC)),
        ("Pacific/Auckland", "2026-07-01", datetime(2026, 6, 30, 12, tzinfo=UTC)),
        # Midnight does not exist on this day: clocks went from 0:00 to 1:00.
        ("Asia/Beirut", "2022-03-27", datetime(2022, 3, 26, 22, tzinfo=UTC)),
    ],
)
def test_going_live_begins_at_local_midnight(zone: str, day: str, instant: datetime) -> None:
    text = changed("Europe/Berlin, go_live: 2026-03-01", f"{zone}, go_live: {day}")
    firm = load(text).policy.firm
    assert firm.go_live == instant
    assert firm.go_live.astimezone(firm.zone).date() == date.fromisoformat(day)


def test_percentages_that_bill_everything_end_in_the_balance() -> None:
    plan = load(changed("bill: balance", "bill: 70%")).policy.plans[0]
    assert [i.bill for i in plan.installments] == [Percent(Fraction(3, 10)), Balance()]


def test_a_share_may_be_fine_or_fixed() -> None:
    fine = load(changed("bill: 30%", "bill: 33.3%")).policy.plans[0]
    assert fine.installments[0].bill == Percent(Fraction(333, 1000))
    fixed = load(changed("bill: 30%", "bill: 500.50 USD")).policy.plans[0]
    assert fixed.installments[0].bill == Fixed(Money(50050, "USD"))


def test_terms_and_hold_are_lengths_of_time() -> None:
    text = changed("net 14", "due on receipt").replace("billing:\n", "billing:\n  hold: 6 hours\n")
    policy = load(text).policy
    assert policy.plans[0].terms_days == 0
    assert policy.hold == timedelta(hours=6)


def test_a_stage_may_be_a_number() -> None:
    assert load(SMALL).policy.milestones == (("won", "signed"), ("12345", "done"))


def test_a_condition_may_be_a_plain_yes() -> None:
    plan = load(changed('deal.service_type == "project"', "true")).policy.plans[0]
    assert plan.when.holds({}, "USD")


def test_an_owner_for_everything_also_owns_billing() -> None:
    assert load(SMALL).policy.owners.billing == "role:operations"


def test_without_a_variable_an_active_connection_cannot_be_used() -> None:
    (problem,) = problems(SMALL, variables={"STRIPE_API_KEY": "x", "HUBSPOT_TOKEN": ""})
    assert (problem.line, problem.column) == (4, 40)
    assert problem.message == "the variable HUBSPOT_TOKEN is not set"
    assert "HUBSPOT_TOKEN=" in problem.hint


def test_offline_a_missing_variable_is_a_remark() -> None:
    loaded = load(SMALL, variables={}, offline=True)
    assert loaded.connections[0].values == {}
    assert loaded.remarks == (
        "line 4: connections.hubspot.token: the variable HUBSPOT_TOKEN is not set",
        "line 5: connections.stripe.api_key: the variable STRIPE_API_KEY is not set",
    )
    assert load(SMALL).remarks == ()


def test_an_inactive_connection_needs_no_variables() -> None:
    assert "SLACK_WEBHOOK_URL" in EXAMPLE
    assert load(EXAMPLE).remarks == ()


def test_every_coming_connector_is_accepted_and_listed() -> None:
    for name in COMING:
        text = changed("roles:", f"  new: {{connector: {name}, anything: goes}}\nroles:")
        sentence = f"connections.new: the {name} connector is not active yet"
        assert load(text).policy.inactive == (sentence,)


def test_a_coming_connector_that_has_come_is_active() -> None:
    text = changed("stripe: {connector: stripe", "stripe: {connector: xero")
    known = {**CONNECTORS, "xero": ConnectorShape(frozenset({"api_key"}))}
    loaded = load_policy(text, connectors=known, variables=VARIABLES)
    assert loaded.connections[1].active
    assert loaded.policy.inactive == ()


def test_a_secret_in_the_file_is_remarked_on_and_kept_secret() -> None:
    loaded = load(changed("${HUBSPOT_TOKEN}", "pat-plain"))
    assert loaded.connections[0].values["token"] == Secret("pat-plain")
    assert len(loaded.remarks) == 1
    assert "connections.hubspot.token" in loaded.remarks[0]
    assert "pat-plain" not in str(loaded)


def test_a_file_is_read_from_its_path(tmp_path: Path) -> None:
    found = read_policy(FOLDER / "tricord.yaml", connectors=CONNECTORS, variables=VARIABLES)
    assert found == load(EXAMPLE)
    (tmp_path / "marked.yaml").write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    marked = read_policy(tmp_path / "marked.yaml", connectors=CONNECTORS, variables=VARIABLES)
    assert marked.policy == load(SMALL).policy


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"tricord: \xff", "not UTF-8"), (b"\xff" * 300_000, "larger")],
)
def test_a_file_that_is_no_text_is_refused(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "tricord.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PolicyInvalid, match=words):
        read_policy(path, connectors=CONNECTORS, variables=VARIABLES)


@pytest.mark.parametrize(
    ("written", "sources", "prop"),
    [
        ("crm", ("crm",), ""),
        ("[billing, crm]", ("billing", "crm"), ""),
        ("{from: billing}", ("billing",), ""),
        ("{from: [billing, crm], write: crm}", ("billing", "crm"), "phone"),
        ("{from: billing, write: crm, property: main_phone}", ("billing",), "main_phone"),
    ],
)
def test_a_field_has_its_masters(written: str, sources: tuple[str, ...], prop: str) -> None:
    text = f"identity: {{master: {{account.phone: {written}}}, shared_domains: [Wind.example]}}"
    identity = load(changed("owners:", f"{text}\nowners:")).policy.identity
    assert identity.master == (Mastery(field="phone", sources=sources, property=prop),)
    assert identity.shared_domains == frozenset({"wind.example"})


@pytest.mark.parametrize(
    ("zone", "currency", "named", "country"),
    [
        ("Europe/Berlin", "USD", "", "DE"),
        ("America/New_York", "USD", "", "US"),
        ("UTC", "GBP", "", "GB"),
        ("UTC", "EUR", "", ""),
        ("Europe/Berlin", "EUR", "country: CH, ", "CH"),
    ],
)
def test_the_firms_country_is_named_or_judged_from_zone_and_currency(
    zone: str, currency: str, named: str, country: str
) -> None:
    text = changed("currency: USD, time_zone: Europe/Berlin",
                   f"{named}currency: {currency}, time_zone: {zone}")  # fmt: skip
    assert load(text).policy.firm.country == country
