"""Deciding: each touched account is asked what should exist by now, and the answer is stored."""

from collections.abc import Callable

from tricord.core import troubles
from tricord.core.account import Account
from tricord.core.commands import Command, CreateInvoice, Effect, EffectState, LogActivity
from tricord.core.decide import decide
from tricord.core.ids import AccountId
from tricord.engine.batch import Batch
from tricord.store import cases, commands, mirror, schedule
from tricord.store.audit import record_act


def converge(batch: Batch) -> None:
    """Decide each touched account: store new commands, open and close cases, set the alarm.

    Until go-live only the names are kept; signing has every account decided.
    """
    wanted = list(batch.touched)
    work = _decide if batch.live else _keep_name
    try:
        with batch.undoable():
            for account in wanted:
                work(batch, account)
    except Exception:  # told apart below, each by itself
        for account in wanted:
            _safely(work, batch, account)
    batch.touched.clear()


def _safely(work: Callable[[Batch, AccountId], None], batch: Batch, account: AccountId) -> None:
    try:
        with batch.undoable():
            work(batch, account)
    except schedule.Busy:
        mirror.wake(batch.tx, account)
    except Exception as error:  # the engine's boundary: one account must not stop the rest
        broken = troubles.undecided(batch.policy, account, type(error).__name__)
        cases.open_case(batch.tx, broken, "engine")


def _keep_name(batch: Batch, name: AccountId) -> None:
    mirror.settle(batch.tx, batch.account(name), None)


def _decide(batch: Batch, name: AccountId) -> None:
    account = batch.account(name)
    plan = decide(account, batch.policy, batch.tx.now)
    for command in plan.commands:
        account = _plan(batch, account, command)
    batch.put(account)
    cases.sync_decided(batch.tx, name, plan.cases)
    cases.close_case(batch.tx, f"undecided/{name}")
    mirror.settle(batch.tx, account, plan.wake_at)


def _plan(batch: Batch, account: Account, command: Command) -> Account:
    connection = batch.connections.get(command.connection)
    held = isinstance(command, CreateInvoice) and bool(command.approval)
    state = EffectState.HELD if held else EffectState.READY
    due = batch.tx.now
    if isinstance(command, CreateInvoice) and command.not_before is not None:
        due = command.not_before
    if connection is None or type(command) not in connection.connector.verbs:
        # Not planned at all: once the role is given to another connection, it is asked again.
        cases.open_case(batch.tx, troubles.cannot(batch.policy, account, command), "engine")
        return account
    cases.close_case(batch.tx, f"cannot/{command.key}")
    try:
        is_new = commands.add(batch.tx, account.id, command, state, due)
    except commands.KeyReused:
        if not isinstance(command, LogActivity):
            raise
        # One mail that two accounts hold is told once, by whichever knew of it first.
        return account
    if is_new:
        record_act(
            batch.tx,
            "command.planned",
            command.key,
            rule=command.because.rule,
            policy=command.because.policy,
            state=str(state),
        )
        if isinstance(command, CreateInvoice) and held:
            cases.open_case(batch.tx, troubles.approval(account, command), "engine")
    effect = Effect(command=command, state=state, planned_at=batch.tx.now)
    return account.with_effect(effect)


def tell_stranded(batch: Batch) -> None:
    """One case for each connection that is gone from the policy while work waits for it."""
    for name, waiting in commands.waiting_for(batch.tx).items():
        if name in batch.connections:
            cases.close_case(batch.tx, f"stranded/{name}")
        else:
            cases.open_case(batch.tx, troubles.stranded(batch.policy, name, waiting), "engine")
