"""A refused command is corrected by a person, sealed anew under the same key, and ready again."""

import hashlib
from collections.abc import Mapping

from sqlalchemy import select, update

from tricord.core.commands import EffectState
from tricord.core.editing import edited, values_of
from tricord.store import codec
from tricord.store.audit import record_act
from tricord.store.codec import to_micros
from tricord.store.database import Tx
from tricord.store.mirror import account_key
from tricord.store.schema import commands
from tricord.store.sealing import seal, unseal


def correctable(tx: Tx, key: str) -> tuple[tuple[str, str], ...]:
    """The fields of a refused command that may be corrected; none for any other."""
    here = commands.c.key == key, commands.c.state == str(EffectState.REFUSED)
    row = tx.db.execute(select(commands).where(*here)).first()
    if row is None:
        return ()
    raw = unseal(account_key(tx, row.account), row.sealed, f"commands|{key}")
    return values_of(codec.load_command(row.verb, raw))


def edit(tx: Tx, key: str, changes: Mapping[str, str], actor: str) -> bool:
    """Correct and release it. False when it is not refused. Raises NotEditable.

    The log holds the names of the fields and the hashes of before and after, never what they say.
    """
    here = commands.c.key == key, commands.c.state == str(EffectState.REFUSED)
    row = tx.db.execute(select(commands).where(*here)).first()
    if row is None:
        return False
    about, secret = f"commands|{key}", account_key(tx, row.account)
    command = codec.load_command(row.verb, unseal(secret, row.sealed, about))
    plain = codec.dump(edited(command, changes))
    digest = hashlib.sha256(plain).hexdigest()
    tx.db.execute(
        update(commands)
        .where(*here)
        .values(
            sealed=seal(secret, plain, about),
            digest=digest,
            state=str(EffectState.READY),
            due_at=to_micros(tx.now),
            ended_at=None,
            # Something of the first attempt may stand at the vendor, so it looks there first.
            again=True,
            problem="",
        )
    )
    names = ",".join(sorted(changes))
    record_act(tx, "command.edited", key, actor=actor, fields=names, before=row.digest,
               after=digest)  # fmt: skip
    return True
