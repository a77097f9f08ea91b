"""What happens next, in words: foretold from the same facts that `decide` reads."""

from dataclasses import replace
from datetime import timedelta

from core import building as make
from core.building import NOW
from tricord.core.account import Account
from tricord.core.commands import CreateInvoice, Effect, EffectState
from tricord.core.decide import decide
from tricord.core.ids import Kind
from tricord.core.next import Next, Waiting, next_steps
from tricord.core.records import Dispute, DisputeStatus


def titles(steps: tuple[Next, ...]) -> list[str]:
    return [step.title for step in steps]


def test_a_deal_waits_for_its_stages_and_says_what_each_brings() -> None:
    account = make.account(*make.people(), make.customer(), make.deal("new"))
    steps = next_steps(account, make.policy(), NOW)
    assert all(step.waits_for is Waiting.FIRM for step in steps)
    assert steps[0].title.endswith("reaches contract signed")
    assert steps[0].then == "then the deposit invoice leaves within the minute"
    assert sum(step.money.minor for step in steps if step.money) == 1_000_000


def test_an_open_invoice_falls_due_and_what_has_a_moment_comes_first() -> None:
    account = invoiced()
    first, *rest = next_steps(account, make.policy(), NOW)
    (invoice,) = account.invoices
    assert first.at == invoice.due_at
    assert "falls due on" in first.title
    assert first.then == "then the CRM shows overdue"
    assert all(step.at is None for step in rest)


def test_an_overdue_invoice_waits_for_the_client_and_nothing_else_is_promised() -> None:
    account = invoiced()
    (invoice,) = account.invoices
    assert invoice.due_at is not None
    step = next_steps(account, make.policy(), invoice.due_at + timedelta(days=3))[0]
    assert step.at is None
    assert step.waits_for is Waiting.CLIENT
    assert "waits for the client's payment, overdue since" in step.title
    assert step.then == "then the receipt and the thank you go out"


def test_a_paid_invoice_has_nothing_to_come() -> None:
    account = invoiced()
    (invoice,) = account.invoices
    paid = account.with_record(make.payment(invoice.total))
    assert not [s for s in next_steps(paid, make.policy(), NOW) if s.about == invoice.ref]


def test_a_disputed_invoice_waits_for_the_outcome() -> None:
    account = invoiced()
    (invoice,) = account.invoices
    payment = make.payment(invoice.total)
    dispute = Dispute(
        ref=make.ref(make.BILLING, Kind.DISPUTE, "dp_1"), version=1, payment=payment.ref,
        amount=invoice.total, status=DisputeStatus.OPEN, created_at=NOW,
    )  # fmt: skip
    steps = next_steps(account.with_record(payment).with_record(dispute), make.policy(), NOW)
    assert any("waits for the outcome of the dispute" in title for title in titles(steps))


def test_what_was_asked_for_is_foretold_by_how_it_stands() -> None:
    account = make.account(*make.people(), make.customer(), make.deal("contractsigned"))
    (command,) = decide(account, make.policy(), NOW).commands
    assert isinstance(command, CreateInvoice)
    expected = {
        EffectState.READY: ("leaves at the next turn", Waiting.NOBODY),
        EffectState.SENDING: ("is on its way", Waiting.VENDOR),
        EffectState.UNKNOWN: ("may have left: it is looked up at the vendor", Waiting.VENDOR),
        EffectState.REFUSED: ("was refused: a person has to correct it", Waiting.PERSON),
        EffectState.HELD: ("waits for approval by finance", Waiting.PERSON),
    }
    asked = replace(command, approval="role:finance")
    for state, (words, waits_for) in expected.items():
        step = next_steps(standing(account, asked, state), make.policy(), NOW)[0]
        assert (step.title, step.waits_for) == (f"The deposit invoice {words}", waits_for)
        assert step.command == command.key
    assert next_steps(
        standing(account, asked, EffectState.HELD), make.policy(), NOW
    )[0].who == "role:finance"  # fmt: skip


def test_a_held_back_invoice_leaves_at_its_moment_in_the_firms_own_time() -> None:
    account = make.account(*make.people(), make.customer(), make.deal("contractsigned"))
    (command,) = decide(account, make.policy(), NOW).commands
    assert isinstance(command, CreateInvoice)
    until = NOW + timedelta(minutes=5)
    held = standing(account, replace(command, not_before=until), EffectState.READY)
    step = next_steps(held, make.policy(), NOW)[0]
    assert step.at == until
    assert step.title == "The deposit invoice stops being held at 07:05 and leaves"
    later = next_steps(held, make.policy(), until)[0]
    assert later.title == "The deposit invoice leaves at the next turn"


def test_a_deal_without_a_value_says_who_has_to_do_what() -> None:
    deal = replace(make.deal("contractsigned"), amount_text="")
    (step,) = next_steps(make.account(*make.people(), deal), make.policy(), NOW)
    assert "waits for a contract value in the CRM" in step.title
    assert step.waits_for is Waiting.FIRM


def test_a_lost_deal_has_nothing_to_come() -> None:
    deal = replace(make.deal("contractsigned"), lost=True)
    assert next_steps(make.account(*make.people(), deal), make.policy(), NOW) == ()


def standing(account: Account, command: CreateInvoice, state: EffectState) -> Account:
    return account.with_effect(Effect(command=command, state=state, planned_at=NOW))


def invoiced() -> Account:
    """A client whose deposit was invoiced today and falls due in two weeks."""
    account = make.account(*make.people(), make.customer(), make.deal("contractsigned"))
    (command,) = decide(account, make.policy(), NOW).commands
    assert isinstance(command, CreateInvoice)
    return account.with_effect(make.done(command)).with_record(make.invoice(command.total))
