"""Observe: fold what a vendor says into the mirror. Pure; order and repetition do not matter."""

from tricord.core.account import Account
from tricord.core.changes import Change, changes_between
from tricord.core.records import Record


def observe(account: Account, record: Record) -> tuple[Account, tuple[Change, ...]]:
    """The account after one look at one record, and the facts that look brought.

    The resulting account is the same for all orders and repetitions of the same looks. The changes
    are not: they tell what was news at that moment.
    """
    after = account.with_record(record)
    return after, changes_between(account, after, record.ref)
