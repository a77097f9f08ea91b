"""Doubts: what is likely and not certain about whose a record is, told as a case. Pure words."""

from collections.abc import Sequence

from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import because
from tricord.core.ids import Ref
from tricord.core.ledger import standings
from tricord.core.matching import Likeness
from tricord.core.money import total
from tricord.core.policy.types import Policy


def unmatched(
    policy: Policy, account: Account, record: Ref, found: Sequence[tuple[int, str, Likeness]]
) -> Case:
    """A client of a second system that may be one the CRM knows.

    `found` holds each match's number, the client's name and the likeness, the likeliest first.
    """
    _, likeliest, most = found[0]
    others = f", or one of {len(found) - 1} more" if len(found) > 1 else ""
    owed = [standing.outstanding for standing in standings(account)]
    ours = [money for money in owed if money.currency == policy.firm.currency]
    return Case(
        key=f"identity/{record}",
        kind="identity",
        title=f"{account.name} ({record}) may be {likeliest}: {most.score:.0%}{others}",
        owner=policy.owners.billing,
        because=because("identity", policy.version, record=record),
        account=account.id,
        money=total(ours or owed[:1], (ours or owed)[0].currency) if owed else None,
        next_actions=(
            *(f"If it is {name}: tricord identity accept {number}" for number, name, _ in found),
            f"If not, reject each: tricord identity reject {found[0][0]}",
        ),
        evidence=tuple(
            f"{name}, {likeness.score:.0%}: {'; '.join(likeness.reasons)}"
            for _, name, likeness in found
        ),
    )
