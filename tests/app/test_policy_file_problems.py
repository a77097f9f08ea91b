"""A malformed policy file: where each problem is, and what the message says to write instead."""

import pytest

from app.policies import EXAMPLE, SMALL, VARIABLES, changed, load, problems
from tricord.app.declarations import PolicyInvalid

# (the passage, what stands there instead, line, column, a part of the message)
MALFORMED = [
    # the text
    ("tricord: 1", "tricord: 1\n\tx: 1", 2, 1, "indent with spaces"),
    ("USD, time_zone", "USD: x, time_zone", 2, 33, "YAML"),
    ("go_live: 2026-03-01}", "go_live: 2026-03-01", 3, 12, "close the bracket"),
    ("tricord: 1", "---\ntricord: 1\n---", 3, 1, "one YAML document"),
    ("name: Acme", "name: &a Acme", 2, 14, "the anchor &a is not allowed"),
    ("name: Acme", "name: *a", 2, 14, "the alias *a is not allowed"),
    ("name: Acme", "name: !!str Acme", 2, 14, "tag"),
    ("name: Acme", "name: 'Acme", 2, 14, "close the quote"),
    ("name: Acme", 'name: "\\q"', 2, 16, "single quotes"),
    ("name: Acme", "name: Ac\x07me", 2, 16, "U+0007"),
    ("name: Acme", "name: a, name: b", 2, 17, 'the key "name" stands twice, first in line 2'),
    # keys
    ("tricord: 1\n", "", 1, 1, 'the key "tricord" is missing; add `tricord: 1`'),
    ("tricord: 1", "tricord: 2", 1, 10, '"2" is not known here; write 1'),
    ("time_zone: Europe/Berlin, ", "", 2, 7, 'add `time_zone: America/New_York`'),
    ("installments:", "instalments:", 15, 7, 'did you mean "installments"?'),
    ("owners:", "zzz: 1\nowners:", 18, 1, 'unknown key "zzz"; the keys here are tricord, firm'),
    ("owners: {default: role:operations}", "owners:", 18, 8, "it has no value"),
    ("owners: {default: role:operations}", "owners: us", 18, 9, "keys with values must stand"),
    ("roles: {", "roles: [", 6, 38, "close the bracket"),
    # firm
    ("name: Acme", "name: 12", 2, 14, 'reads this as a number; put it in quotes: "12"'),
    ("name: Acme", 'name: ""', 2, 14, "it is empty; write Harbour Studio"),
    ("currency: USD", "currency: usd", 2, 30, "three capital letters: USD"),
    ("Europe/Berlin", "Europe/Berlni", 2, 46, 'did you mean "Europe/Berlin"?'),
    ("Europe/Berlin", "Berlin", 2, 46, 'did you mean "Europe/Berlin"?'),
    ("Europe/Berlin", "../../etc/passwd", 2, 46, "is not a time zone"),
    ("Europe/Berlin", "Europe", 2, 46, "is not a time zone"),
    ("2026-03-01", "2026-02-30", 2, 70, '"2026-02-30" is not a date; write year-month-day'),
    ("2026-03-01", "20260301", 2, 70, '"20260301" is not a date'),
    # connections and roles
    ("connector: hubspot", "connector: hubspott", 4, 24, 'did you mean "hubspot"?'),
    ("connector: hubspot", "connector: 7", 4, 24, "put it in quotes"),
    ("token: ${", "tokenn: ${", 4, 33, 'no setting "tokenn"; did you mean "token"?'),
    (", token: ${HUBSPOT_TOKEN}", "", 4, 12, "add `token: ${HUBSPOT_TOKEN}`"),
    ("${HUBSPOT_TOKEN}", "${HUBSPOT_TOKENN}", 4, 40, "HUBSPOT_TOKENN is not set; set it in"),
    ("  stripe: {", "  Stripe UK: {", 5, 3, '"Stripe UK" is not a name'),
    ("crm: hubspot", "crm: hubspt", 6, 14, 'called "hubspt"; did you mean "hubspot"?'),
    ("billing: stripe}", "billing: stripe, alerts: [slak]}", 6, 49, 'called "slak"'),
    ("billing: stripe}", "billing: stripe, email: mail}", 6, 47, 'write hubspot or stripe'),
    ("connector: stripe", "connector: xero", 6, 32, "the xero connector is not active yet"),
    ("name: Acme", "name: ${FIRM}", 2, 14, "${FIRM} is not filled in here"),
    # crm
    ("won: signed", "won: Signed!", 8, 21, '"Signed!" is not a name'),
    ("deal.service_type: s", "service_type: s", 9, 12, "such as deal.service_type"),
    ("deal.service_type: s", "deal.stage: s", 9, 12, "deal.stage is always known"),
    ("  fields:", "  write_back: {deal.x: y}\n  fields:", 9, 16, "deal.outstanding or account.o"),
    # billing
    ("when: deal.service_type ==", "when: deal.servce_type ==", 13, 13,
     'deal.servce_type is not known; did you mean "deal.service_type"?'),
    ('== "project"', '== "a" && deal["typ"] == 1', 13, 41, "deal.typ is not known"),
    ('== "project"', "= 1", 13, 31, "not a condition: token recognition error"),
    ('== "project"', "==", 13, 33, "mismatched input the end"),
    ('deal.service_type == "project"', "1 + 2", 13, 13, "must answer yes or no"),
    ('== "project"', '== 1 || money("1e9 USD") > 1', 13, 46, '"1e9 USD" is not an amount'),
    ('== "project"', "== 1 || money(deal.amount) > 1", 13, 39, 'write money("25000 USD")'),
    ("net 14", "14 days", 14, 14, '"14 days" are no payment terms; write net 14 or due on receipt'),
    ("net 14", "net 999", 14, 14, "payment terms"),
    ("      terms: net 14\n", "", 12, 7, "add `terms: net 14` or `terms: due on receipt`"),
    ("bill: 30%", "bill: 30", 16, 43,
     '"30" is not a share; write 30%, an amount such as 500 USD, or balance'),
    ("bill: 30%", "bill: 0%", 16, 43, "write more than 0%"),
    ("bill: 30%", "bill: 1.005 USD", 16, 43, "has 3 decimal places; USD has 2"),
    ("bill: 30%", "bill: 0 USD", 16, 43, "bills nothing"),
    ("bill: 30%", "bill: 500 EUR", 16, 43, "the firm's currency is USD, not EUR"),
    ("bill: 30%", "bill: balance", 17, 39, "only one installment bills the balance"),
    ("bill: 30%", "bill: 100%", 17, 39, "no balance is left"),
    ("bill: balance", "bill: 69.9%", 17, 39, "99.9% of the contract, not all of it; write `bill"),
    ("bill: balance", "bill: 71%", 17, 39, "add up to 101%"),
    ("bill: balance", "bill: 500 USD", 17, 39, "write `bill: balance`"),
    ("at: signed", "at: sgned", 16, 29, 'called "sgned"; did you mean "signed"?'),
    ("id: final", "id: deposit", 17, 16, '"deposit" is used twice'),
    ("owners:", "    - {id: project, when: true, terms: net 1, installments: "
     "[{id: a, at: done, bill: balance}]}\nowners:", 18, 12, '"project" is used twice'),
    ("owners:", "    - {id: b, when: true}\nowners:", 18, 7, "the plan bills nothing"),
    ("      terms:", "      from: done\n      terms:", 14, 7, "does not go with installments"),
    ("owners:", "  hold: 5 fortnights\nowners:", 18, 9, "such as 30 minutes, 6 hours or 14 days"),
    ("owners:", "  approve: [{when: true, by: boss}]\nowners:", 18, 30, "such as role:finance"),
    # identity
    ("owners:", "identity: {master: {account.phon: crm}}\nowners:", 18, 21,
     'did you mean "account.phone"?'),
    ("owners:", "identity: {master: {account.phone: cmr}}\nowners:", 18, 36,
     'did you mean "crm"?'),
    ("owners:", "identity: {master: {account.phone: [crm, crm]}}\nowners:", 18, 36, "twice"),
    ("owners:", "identity: {master: {account.phone: []}}\nowners:", 18, 36, "it is empty"),
    ("owners:", "identity: {master: {account.phone: {from: crm, write: crm}}}\nowners:", 18, 55,
     "the crm masters this field, so Tricord never writes it there"),
    ("owners:", "identity: {master: {account.phone: {from: crm, property: x}}}\nowners:", 18, 58,
     "nothing is written there"),
    ("owners:", "identity: {shared_domains: [a@b.c]}\nowners:", 18, 29, "is not a domain"),
    ("currency: USD", "country: us, currency: USD", 2, 29, "two capital letters: US"),
    # the rest
    ("owners:", "follow_up: {on_paid: [recipt]}\nowners:", 18, 23, 'did you mean "receipt"?'),
    ("owners:", "follow_up: {on_paid: [{after: 1 day}]}\nowners:", 18, 23, "`start: renewal`"),
    ("owners:", "logging: {log: [fax]}\nowners:", 18, 17, '"fax" is not known here; write email'),
    ("owners:", "logging: {never: [a@b.c]}\nowners:", 18, 19, "is not a domain"),
    ("owners:", "reminders: {steps: [{after: 1 day}]}\nowners:", 18, 21, "a message or a task"),
    ("owners:", "reminders: {clock: x, steps: []}\nowners:", 18, 20, "outstanding or overdue"),
    ("owners:", "alerts: [{when: true, to: [sms], within: 1 day}]\nowners:", 18, 28, '"sms"'),
    ("owners:", "server: {public_url: localhost}\nowners:", 18, 22, "start it with https://"),
    ("owners:", "server: {public_url: '${U}'}\nowners:", 18, 22, "the variable U is not set"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "column", "words"), MALFORMED)
def test_a_problem_is_named_at_its_place(
    old: str, new: str, line: int, column: int, words: str
) -> None:
    found = problems(changed(old, new))
    places = {(problem.line, problem.column): str(problem) for problem in found}
    assert (line, column) in places, [str(problem) for problem in found]
    assert words in places[line, column]


@pytest.mark.parametrize(("text", "words"), [("", "empty"), ("# only\n", "empty"), ("a", "keys"),
                                             ("[1, 2]", "not a list")])  # fmt: skip
def test_a_file_without_keys_is_refused(text: str, words: str) -> None:
    (problem,) = problems(text)
    assert words in str(problem)


def test_every_problem_is_reported_at_once() -> None:
    text = changed("30%", "30").replace("usd", "").replace("net 14", "soon")
    text = text.replace("crm: hubspot", "crm: nobody").replace("role:operations", "us")
    text = text.replace("currency: USD", "currency: dollars")
    assert [problem.path for problem in problems(text)] == [
        "firm.currency",
        "roles.crm",
        "billing.plans[0].terms",
        "billing.plans[0].installments[0].bill",
        "owners.default",
    ]


def test_a_problem_shows_its_line_with_a_caret() -> None:
    with pytest.raises(PolicyInvalid) as caught:
        load(changed("bill: 30%", "bill: 30"))
    first, source, caret = str(caught.value).splitlines()
    assert first == (
        'tricord.yaml:16:43: billing.plans[0].installments[0].bill: "30" is not a share; '
        "write 30%, an amount such as 500 USD, or balance"
    )
    assert source == "            - {id: deposit, at: signed, bill: 30}"
    assert caret.index("^") == source.index("30}")


def test_a_balance_that_is_not_last_is_refused() -> None:
    text = (
        changed("bill: 30%", "bill: x")
        .replace("balance", "30%")
        .replace("bill: x", "bill: balance")
    )
    (problem,) = problems(text)
    assert (problem.line, problem.column) == (16, 43)
    assert "must be the last installment" in problem.message


def test_words_inside_quotes_are_not_taken_for_facts() -> None:
    assert not problems(changed('"project"', '"deal.unheard_of"'))


def test_every_built_in_fact_may_be_asked_for() -> None:
    for name in ("name", "stage", "kind", "currency", "owner", "amount"):
        assert not problems(changed("deal.service_type ==", f"deal.{name} =="))


def test_the_example_has_no_problem() -> None:
    assert not problems(EXAMPLE)


def test_offline_everything_but_variables_is_still_checked() -> None:
    text = changed("bill: 30%", "bill: 30")
    (problem,) = problems(text, variables={}, offline=True)
    assert "share" in problem.message
    assert not problems(SMALL, variables={}, offline=True)
    assert len(problems(SMALL, variables={})) == 2
    assert not problems(SMALL, variables=VARIABLES)
