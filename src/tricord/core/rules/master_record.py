"""Master record: the CRM is told what its masters say of a client, where the policy has it so."""

from collections.abc import Iterator

from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import Command, UpdateRecord, because
from tricord.core.ids import Instant, Ref
from tricord.core.ledger import standings
from tricord.core.policy.types import Mastery, Policy
from tricord.core.records import Company, Contact
from tricord.core.rules.news import happened_since_go_live
from tricord.core.survivorship import CRM, FIELDS, same, survivor, value_in

RULE = "master_record"
_HELD_BY: dict[type, tuple[str, ...]] = {
    Company: tuple(field for field in FIELDS if field != "email"),
    Contact: ("name", "email", "phone"),
}


def master_record(account: Account, policy: Policy, now: Instant) -> Iterator[Command | Case]:
    """One update for each field whose master is another and says something else.

    Each value is written once: who changes it in the CRM afterwards is not overruled again and
    again, but seen in the lineage.
    """
    wanted = [one for one in policy.identity.master if one.property]
    target = _target(account, policy)
    if not wanted or target is None:
        return
    if not any(happened_since_go_live(account, owed, policy) for owed in standings(account)):
        return
    for mastery in wanted:
        if mastery.field in _HELD_BY[type(target)]:
            yield from _update(account, target, mastery, policy)


def _update(
    account: Account, target: Company | Contact, mastery: Mastery, policy: Policy
) -> Iterator[Command]:
    held = survivor(mastery.field, account, policy).held
    if held is None or held.role in ("", CRM):
        return
    if same(mastery.field, value_in(target, mastery.field), held.value, policy.firm.country):
        return
    written = _written(account, target.ref, mastery.property)
    if written and written[-1] == held.value:
        return
    yield UpdateRecord(
        key=f"master/{target.ref}/{mastery.property}/{len(written) + 1}",
        connection=policy.roles.crm,
        account=account.id,
        because=because(
            f"{RULE}/{mastery.field}", policy.version, master=held.role, record=held.record
        ),
        target=target.ref,
        values=((mastery.property, held.value),),
    )


def _target(account: Account, policy: Policy) -> Company | Contact | None:
    """The CRM's record of the client: its company, else its first contact."""
    found: list[Company | Contact] = [*account.companies, *account.contacts]
    return next((one for one in found if one.ref.connection == policy.roles.crm), None)


def _written(account: Account, target: Ref, name: str) -> list[str]:
    """What this rule has written into one property, the oldest first."""
    start = f"master/{target}/{name}/"
    found = [
        (int(key.removeprefix(start)), effect.command.values[0][1])
        for key, effect in account.effects.items()
        if key.startswith(start) and isinstance(effect.command, UpdateRecord)
    ]
    return [value for _, value in sorted(found)]
