"""Commands as rows for people, with the attempts at them."""

import json
from collections.abc import Sequence

from sqlalchemy import Select, or_, select

from tricord.core.commands import COMMAND_TYPES, Command, CreateInvoice
from tricord.core.story import asked
from tricord.store import codec
from tricord.store.account_views import keys_of, money_of, names_of
from tricord.store.codec import from_micros, maybe_time
from tricord.store.database import Tx
from tricord.store.row_views import AttemptRow, CommandRow
from tricord.store.schema import attempts, commands
from tricord.store.sealing import unseal

COMMAND_VERBS = tuple(COMMAND_TYPES)
_LONGEST_NUMBER = 18


def command_rows(tx: Tx, query: Select) -> list[CommandRow]:  # type: ignore[type-arg]  # of commands
    """The commands that `query` selects whole, opened."""
    rows = tx.db.execute(query).all()
    homes = {row.account for row in rows}
    keys, names = keys_of(tx, homes), names_of(tx, homes)
    return [_row(_opened(keys[row.account], row), names[row.account], row) for row in rows]


def command_row(tx: Tx, key_or_id: str) -> CommandRow | None:
    wanted = commands.c.key == key_or_id
    if key_or_id.isascii() and key_or_id.isdigit() and len(key_or_id) <= _LONGEST_NUMBER:
        wanted = or_(wanted, commands.c.id == int(key_or_id))
    return next(iter(command_rows(tx, select(commands).where(wanted))), None)


def attempts_of(tx: Tx, command: int) -> tuple[AttemptRow, ...]:
    """Each attempt at a command, oldest first."""
    query = select(attempts).where(attempts.c.command == command).order_by(attempts.c.number)
    return tuple(
        AttemptRow(
            number=row.number,
            started_at=from_micros(row.started_at),
            ended_at=maybe_time(row.ended_at),
            outcome=row.outcome,
            calls=row.calls,
            problem=row.problem,
        )
        for row in tx.db.execute(query)
    )


def conversation_of(tx: Tx, command: int) -> dict[int, list[dict[str, object]]]:
    """What was said in each attempt, by its number, as it was kept: without credentials."""
    owner = select(commands.c.account).where(commands.c.id == command)
    row = tx.db.execute(owner).first()
    if row is None:
        return {}
    key = keys_of(tx, [row.account])[row.account]
    query = select(attempts).where(attempts.c.command == command, attempts.c.sealed.is_not(None))
    return {
        one.number: json.loads(unseal(key, one.sealed, f"attempts|{command}|{one.number}"))
        for one in tx.db.execute(query.order_by(attempts.c.number))
    }


def installments(tx: Tx, keys: Sequence[str]) -> dict[str, str]:
    """The installment each invoice bills, by the business key of the command that asked for it."""
    rows = tx.db.execute(select(commands).where(commands.c.key.in_(keys))).all() if keys else ()
    opened = keys_of(tx, {row.account for row in rows})
    asked_for = (_opened(opened[row.account], row) for row in rows)
    return {c.key: c.installment for c in asked_for if isinstance(c, CreateInvoice)}


def _opened(key: bytes, row) -> Command:  # type: ignore[no-untyped-def]  # a row of commands
    return codec.load_command(row.verb, unseal(key, row.sealed, f"commands|{row.key}"))


def _row(command: Command, name: str, row) -> CommandRow:  # type: ignore[no-untyped-def]  # its row
    return CommandRow(
        id=row.id,
        key=row.key,
        title=asked(command),
        verb=row.verb,
        connection=row.connection,
        state=row.state,
        rule=row.rule,
        why=str(command.because),
        because=command.because,
        account=row.account,
        account_name=name,
        money=money_of(row),
        approver=row.approver,
        planned_at=from_micros(row.planned_at),
        due_at=from_micros(row.due_at),
        ended_at=maybe_time(row.ended_at),
        attempts=row.attempts,
        problem=row.problem,
        remote=row.remote or "",
    )
