"""The audit log: one entry for each effect, decision and human act, without personal data.

Each entry carries the leaf hash of an RFC 9162 tree over the log, made from exactly what it says.
"""

import hashlib
import json
from collections.abc import Sequence

from sqlalchemy import select

from tricord.store.codec import from_micros, to_micros
from tricord.store.database import Tx
from tricord.store.schema import audit

Entry = dict[str, object]


def leaf_hash(at: int, actor: str, act: str, subject: str, detail: str) -> bytes:
    """SHA-256 of 0x00 and the entry as canonical JSON (RFC 9162, section 2.1.1)."""
    entry = json.dumps([at, actor, act, subject, detail], separators=(",", ":"))
    return hashlib.sha256(b"\x00" + entry.encode()).digest()


def record_act(tx: Tx, act: str, subject: str, actor: str = "tricord", **detail: str | int) -> None:
    """One entry, in the transaction of the change it tells of. `detail` holds ids and codes."""
    at, text = to_micros(tx.now), json.dumps(detail, sort_keys=True, separators=(",", ":"))
    leaf = leaf_hash(at, actor, act, subject, text)
    values = {"at": at, "actor": actor, "act": act, "subject": subject, "detail": text}
    tx.acts.append(values | {"leaf": leaf})


def entries(tx: Tx, limit: int = 200) -> list[Entry]:
    """The newest entries, newest first."""
    rows = tx.db.execute(select(audit).order_by(audit.c.seq.desc()).limit(limit))
    return [entry_of(row) for row in rows]


def entries_of(tx: Tx, subjects: Sequence[str]) -> list[Entry]:
    """Everything that was done to any of these, oldest first."""
    query = select(audit).where(audit.c.subject.in_(subjects)).order_by(audit.c.seq)
    return [entry_of(row) for row in tx.db.execute(query)]


def broken_leaves(tx: Tx) -> list[int]:
    """The sequence numbers whose leaf hash no longer fits what the entry says."""
    rows = tx.db.execute(select(audit).order_by(audit.c.seq))
    return [
        row.seq
        for row in rows
        if bytes(row.leaf) != leaf_hash(row.at, row.actor, row.act, row.subject, row.detail)
    ]


def entry_of(row) -> Entry:  # type: ignore[no-untyped-def]  # a row of audit
    return {
        "seq": row.seq,
        "at": from_micros(row.at).isoformat(),
        "actor": row.actor,
        "act": row.act,
        "subject": row.subject,
        "detail": json.loads(row.detail),
    }
