"""Going live: what would happen from now on, and the signature that lets it happen."""

from collections.abc import Sequence
from dataclasses import dataclass

from tricord.core.policy.types import Policy
from tricord.engine.rehearsing import Rehearsal, rehearse
from tricord.engine.replaying import Connections
from tricord.store import cases, imports, mirror, modes
from tricord.store.audit import record_act
from tricord.store.database import Tx, rehearsed
from tricord.store.imports import Import, ImportState
from tricord.store.modes import Mode, Signature


class NotReady(Exception):
    """This home cannot go live now; the text says what to do first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person signs with: who they are, the firm they sign for, and what they were shown.

    `accepted` is why a difference between import and vendor may stay; "" accepts none.
    """

    by: str
    firm: str
    digest: str
    accepted: str = ""


def check_ready(found: Sequence[Import], mode: Mode, accepted: str) -> None:
    """Raises NotReady while an import is unfinished, or differs and nobody accepts that."""
    if mode is Mode.LIVE:
        if not found:
            raise NotReady("nothing was imported; import first what is there: tricord backfill")
        raise NotReady("this home is live already; there is nothing to sign")
    unfinished = [one.name for one in found if not one.ended]
    if unfinished or mode is Mode.IMPORTING:
        names = ", ".join(unfinished) or "the import"
        raise NotReady(f"not finished: {names}; go on with: tricord backfill")
    different = [one for one in found if one.state is ImportState.DIFFERS]
    if different and not accepted:
        words = "; ".join(f"{one.name}: {one.problem}" for one in different)
        raise NotReady(
            f"what is here is not what the vendor has ({words}); read it again with tricord "
            "backfill --restart, or accept it: tricord go-live --accept-difference REASON"
        )


def show(tx: Tx, policy: Policy, connections: Connections, accepted: str) -> Rehearsal:
    """What would happen. Call it in a rehearsal: it writes. Raises NotReady."""
    check_ready(imports.every(tx), modes.mode_of(tx), accepted)
    return rehearse(tx, policy, connections)


def sign(
    tx: Tx, policy: Policy, connections: Connections, consent: Consent
) -> tuple[bool, Rehearsal]:
    """Go live, if what would happen is still what was shown; else what it is now. Raises NotReady.

    It is rehearsed in the transaction that lets it happen, so nothing comes in between.
    """
    found = imports.every(tx)
    check_ready(found, modes.mode_of(tx), consent.accepted)
    rehearsal = rehearsed(tx, lambda undone: rehearse(undone, policy, connections))
    if rehearsal.digest != consent.digest:
        return False, rehearsal
    for one in found:
        if one.state is ImportState.DIFFERS:
            key = f"incomplete_import/{one.connection}/{one.kind}"
            cases.close_case(tx, key, consent.accepted, consent.by)
            record_act(tx, "import.accepted", one.name, actor=consent.by, reason=consent.accepted)
    signature = Signature(
        by=consent.by,
        at=tx.now.isoformat(),
        firm=consent.firm,
        policy=policy.version,
        digest=rehearsal.digest,
    )
    modes.sign(tx, signature)
    modes.enter(tx, Mode.LIVE)
    record_act(
        tx,
        "home.went_live",
        "home",
        actor=consent.by,
        policy=policy.version,
        digest=rehearsal.digest,
        commands=len(rehearsal.commands),
    )
    mirror.wake_everyone(tx)
    return True, rehearsal
