"""`tricord identity`: whose a record is, the match queue, merging clients and undoing it."""

from collections.abc import Callable
from typing import TypeVar

import click

from tricord.app.home import Home
from tricord.cli.asking import Found, as_json, asked, in_home, print_json
from tricord.cli.deciding import actor_named, by_whom, with_reason
from tricord.cli.listing import print_table
from tricord.core.ids import AccountId, Ref
from tricord.engine import joining, proposing
from tricord.engine.batch import Batch
from tricord.store import identity_views
from tricord.store.database import Tx
from tricord.store.identity_views import FieldRow, LineageRow

T = TypeVar("T")
_limit = click.option("--limit", default=200, show_default=True, help="How many rows at the most.")


@click.group
def identity() -> None:
    """Whose records are whose: the match queue, links, merges, and each client's master record."""


@identity.command
@in_home
@as_json
@_limit
def queue(home: Home, json_wanted: bool, limit: int) -> None:
    """The records that may be a client's, with scores, the likeliest first."""
    rows = asked(home, lambda tx: identity_views.queue(tx, limit))
    if json_wanted:
        print_json({"matches": [row.as_json() for row in rows]})
        return
    cells = [
        (row.id, f"{row.score:.0%}", f"{row.name}\n{row.record}",
         f"{row.account_name}\n{row.account}", "\n".join(row.reasons))
        for row in rows
    ]  # fmt: skip
    print_table(
        "Matches", ("id", "score", "record", "may be", "because"), cells, "Nobody is in doubt."
    )


@identity.command
@click.argument("match", type=int)
@in_home
@by_whom
def accept(home: Home, match: int, by: str | None) -> None:
    """The match is right: link the record to that account. MATCH is its number."""
    there = _done(home, lambda batch: joining.accept(batch, match, actor_named(by)))
    click.echo(f"match {match} is accepted: the record belongs to {there}")


@identity.command
@click.argument("match", type=int)
@in_home
@by_whom
def reject(home: Home, match: int, by: str | None) -> None:
    """The match is wrong, and is never proposed again. MATCH is its number."""
    record = _done(home, lambda batch: joining.reject(batch, match, actor_named(by)))
    click.echo(f"match {match} is rejected: {record} is not that client's")


@identity.command
@click.argument("account")
@in_home
@as_json
def show(home: Home, json_wanted: bool, account: str) -> None:
    """A client's master record with its lineage, and what belongs to it on what ground."""
    policy = home.load(offline=True).policy
    found = asked(home, lambda tx: identity_views.portrait(tx, account, policy))
    if found is None:
        raise Found(f"there is no account {account!r}; see: tricord accounts")
    if json_wanted:
        print_json(found.as_json())
        return
    click.echo(f"{found.name}  {found.account}")
    for field in found.fields:
        for line in _told(field):
            click.echo(line)
    cells = [(link.ref, link.basis, link.linked_at.date()) for link in found.links]
    print_table("Records", ("record", "because of", "since"), cells, "Nothing belongs to it.")
    for merge in found.merges:
        undone = f", undone {merge.unmerged_at:%d %b %Y}" if merge.unmerged_at else ""
        click.echo(f"{merge.emptied} merged into {merge.home} on {merge.merged_at:%d %b %Y} "
                   f"by {merge.actor}: {merge.reason}{undone}")  # fmt: skip


@identity.command
@click.argument("record")
@click.argument("account")
@in_home
@by_whom
def link(home: Home, record: str, account: str, by: str | None) -> None:
    """Say that RECORD, such as stripe:customer:cus_1, is ACCOUNT's. It stays so until unlinked."""
    ref, actor = _ref(record), actor_named(by)
    there = _done(home, lambda batch: joining.link(batch, ref, AccountId(account), actor))
    click.echo(f"{ref} belongs to {there}")


@identity.command
@click.argument("record")
@in_home
@by_whom
def unlink(home: Home, record: str, by: str | None) -> None:
    """Take a link back: RECORD belongs where its own details lead."""
    ref = _ref(record)
    there = _done(home, lambda batch: joining.unlink(batch, ref, actor_named(by)))
    click.echo(f"{ref} belongs to {there}")


@identity.command
@click.argument("account")
@click.argument("into")
@in_home
@by_whom
@with_reason
def merge(home: Home, account: str, into: str, by: str | None, reason: str) -> None:
    """Say that ACCOUNT is the same client as INTO. Nothing is issued anew; it can be undone."""
    one, other, actor = AccountId(account), AccountId(into), actor_named(by)
    there = _done(home, lambda batch: joining.merge(batch, one, other, actor, reason))
    click.echo(f"everything of {account} belongs to {there} now")
    click.echo(f"to undo it: tricord identity unmerge {account} --reason ...")


@identity.command
@click.argument("account")
@in_home
@by_whom
@with_reason
def unmerge(home: Home, account: str, by: str | None, reason: str) -> None:
    """Undo a merge: what it moved out of ACCOUNT goes back."""
    one, actor = AccountId(account), actor_named(by)
    left = _done(home, lambda batch: joining.unmerge(batch, one, actor, reason))
    click.echo(f"{account} is a client of its own again, apart from {left}")


@identity.command
@in_home
def scan(home: Home) -> None:
    """Compare the names of those who found no client with every client's, now."""
    count = _done(home, proposing.scan)
    click.echo(f"{count} without a client were compared; see: tricord identity queue")


def _done(home: Home, work: Callable[[Batch], T]) -> T:
    policy = home.load(offline=True).policy

    def in_batch(tx: Tx) -> T:
        return work(Batch(tx=tx, policy=policy, connections={}, worker=0))

    try:
        return asked(home, in_batch)
    except joining.CannotJoin as error:
        raise Found(str(error)) from error


def _ref(text: str) -> Ref:
    try:
        return Ref.parse(text)
    except ValueError:
        hint = "write it as connection:kind:id, such as stripe:customer:cus_1"
        raise Found(f"{text!r} names no record; {hint}") from None


def _told(field: FieldRow) -> list[str]:
    """`phone  +12125550100  from billing (stripe:customer:cus_1) since 3 May 2026`."""
    masters = ", then ".join(field.masters)
    if field.held is None:
        return [f"  {field.field:8} (nobody of {masters} has one)"]
    lines = [f"  {field.field:8} {_from(field.held)}"]
    lines += [f"           not: {_from(other)}" for other in field.others]
    return lines


def _from(one: LineageRow) -> str:
    since = f" since {one.since.day} {one.since:%B %Y}" if one.since else ""
    return f"{one.value}  from {one.role or one.record.connection} ({one.record}){since}"
