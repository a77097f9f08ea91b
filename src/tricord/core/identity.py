"""Identity: which account a record belongs to. Pure; what is known is handed in.

A record goes home through its parents: a payment through its invoice, an invoice through its
customer, a deal through its company. Where the chain ends, the last record is the root of an
account, whose id is made from it, so any order of arrival makes the same accounts.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from tricord.core.ids import AccountId, Ref
from tricord.core.records import Contact, Customer, Record

_ACCOUNT = re.compile(r"acc_[0-9a-f]{20}")
_LONGEST_CHAIN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a record belongs, and on what ground: `parent`, `mark`, `email` or `own`."""

    account: AccountId
    basis: str


def account_id(root: Ref) -> AccountId:
    """The id of the account that starts with this record."""
    return AccountId(f"acc_{hashlib.sha256(str(root).encode()).hexdigest()[:20]}")


def partition_of(name: str) -> int:
    """One of 256 partitions, by hash: the unit of locking and of draining."""
    return hashlib.sha256(name.encode()).digest()[0]


def home_of(
    ref: Ref,
    known: Callable[[Ref], Record | None],
    by_email: Callable[[str], Ref | None],
    named_by: Callable[[Ref], Ref | None] = lambda _: None,
) -> Home:
    """The account of `ref`, from the records known now.

    `by_email` finds the CRM contact of an address; `named_by` a deal of a company that names a
    contact, through which a person without a company of their own goes home. A billing customer
    goes by our mark on it, then by its e-mail; without either it starts an account of its own, to
    be matched by a person.
    """
    basis = "own"
    for _ in range(_LONGEST_CHAIN):
        record = known(ref)
        if record is None:
            break
        if isinstance(record, Customer):
            if _ACCOUNT.fullmatch(record.account):
                return Home(account=AccountId(record.account), basis="mark")
            contact = by_email(record.email) if record.email else None
            if contact is None:
                break
            ref, basis = contact, "email"
            continue
        if isinstance(record, Contact) and record.company is None:
            deal = named_by(ref)
            if deal is None:
                break
            ref, basis = deal, "parent" if basis == "own" else basis
            continue
        if not record.parents:
            break
        ref, basis = record.parents[0], "parent" if basis == "own" else basis
    return Home(account=account_id(ref), basis=basis)
