"""Rehearsing: what would leave if nothing were held back, found by deciding and undoing it all.

It is the engine's own deciding, on every account. Where a client would be made at the billing
engine first, that is imagined done, so that the invoices which follow are seen too.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tricord.core.account import Account
from tricord.core.billing import reached
from tricord.core.cases import Case
from tricord.core.commands import VERBS, Command, CreateCustomer, CreateInvoice, Effect, EffectState
from tricord.core.decide import decide
from tricord.core.ids import AccountId, ExternalId, Kind, Ref
from tricord.core.ledger import standings
from tricord.core.money import Money
from tricord.core.policy.types import Policy
from tricord.core.records import Customer
from tricord.core.story import asked
from tricord.engine.batch import Batch
from tricord.engine.deciding import converge
from tricord.engine.replaying import NOBODY, Connections
from tricord.store import account_views, case_views
from tricord.store.database import Tx

CHUNK = 200
_WAITING = (EffectState.READY, EffectState.SENDING, EffectState.UNKNOWN, EffectState.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """One command that would leave. `state` is `held` where a person must approve it first."""

    key: str
    verb: str
    rule: str
    connection: str
    account: AccountId
    client: str
    title: str
    money: Money | None
    state: EffectState


@dataclass(slots=True, kw_only=True)
class Untouched:
    """What lies before go-live: it is known, and causes nothing."""

    accounts: int = 0
    deals: int = 0
    invoices: int = 0
    outstanding: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    commands: tuple[Foreseen, ...]
    cases: tuple[Case, ...]
    untouched: Untouched
    digest: str


def rehearse(tx: Tx, policy: Policy, connections: Connections) -> Rehearsal:
    """Decide every account in this transaction, which the caller must undo."""
    last = case_views.newest(tx)
    untouched = Untouched()
    found: list[Foreseen] = []
    for accounts in _chunks(account_views.every_account(tx)):
        found.extend(_decided(tx, policy, connections, accounts, untouched))
    opened = case_views.opened_after(tx, last)
    told = [[one.key, one.connection, one.title, str(one.state)] for one in found]
    told.extend([case.key, case.title, str(case.money or "")] for case in opened)
    shown = json.dumps([policy.version, told])
    return Rehearsal(
        commands=tuple(found),
        cases=tuple(opened),
        untouched=untouched,
        digest=hashlib.sha256(shown.encode()).hexdigest(),
    )


def _decided(
    tx: Tx,
    policy: Policy,
    connections: Connections,
    accounts: list[AccountId],
    untouched: Untouched,
) -> Iterator[Foreseen]:
    batch = Batch(tx, policy, dict(connections), NOBODY)
    # Nothing of this stays, so nobody need be kept out; ten thousand locks would be too many.
    batch.held.update(accounts)
    for name in accounts:
        _count(batch, batch.account(name), untouched)
        if _matters(batch, batch.account(name)):
            batch.touch(name)
    converge(batch)
    for name in accounts:
        if _imagine_customer(batch, name):
            batch.touch(name)
    converge(batch)
    for name in accounts:
        account = batch.account(name)
        for _, effect in sorted(account.effects.items()):
            if effect.state in _WAITING or effect.remote == _imaginary(effect.command):
                yield _foreseen(account, effect)


def _matters(batch: Batch, account: Account) -> bool:
    """Whether deciding it leads to anything: of most clients of a past, nothing is wanted."""
    try:
        plan = decide(account, batch.policy, batch.tx.now)
    except Exception:  # the engine's own deciding tells it as a case
        return True
    return bool(plan.commands or plan.cases)


def _imagine_customer(batch: Batch, name: AccountId) -> bool:
    account = batch.account(name)
    for effect in account.effects.values():
        command = effect.command
        if not isinstance(command, CreateCustomer) or effect.state is not EffectState.READY:
            continue
        ref = _imaginary(command)
        client = Customer(
            ref=ref, version=0, name=command.name, email=command.email, account=account.id
        )
        done = replace(effect, state=EffectState.DONE, remote=ref)
        batch.put(account.with_record(client).with_effect(done))
        return True
    return False


def _imaginary(command: Command) -> Ref:
    return Ref(command.connection, Kind.CUSTOMER, ExternalId(f"foreseen {command.key}"))


def _foreseen(account: Account, effect: Effect) -> Foreseen:
    command = effect.command
    held = effect.state is EffectState.HELD
    return Foreseen(
        key=command.key,
        verb=VERBS[type(command)],
        rule=command.because.rule,
        connection=command.connection,
        account=account.id,
        client=account.name,
        title=asked(command),
        money=command.total if isinstance(command, CreateInvoice) else None,
        state=EffectState.HELD if held else EffectState.READY,
    )


def _count(batch: Batch, account: Account, untouched: Untouched) -> None:
    live = batch.policy.firm.go_live
    untouched.accounts += 1
    for deal in account.deals:
        moments = reached(deal, batch.policy).values()
        untouched.deals += bool(moments) and all(at < live for at in moments)
    for owed in standings(account):
        issued = owed.invoice.issued_at
        if issued is not None and issued < live and owed.outstanding:
            untouched.invoices += 1
            untouched.outstanding[owed.outstanding.currency] += owed.outstanding.minor


def _chunks(names: list[AccountId]) -> Iterator[list[AccountId]]:
    for start in range(0, len(names), CHUNK):
        yield names[start : start + CHUNK]
