"""What a person decides about a command or a case. Each is an entry in the audit log."""

import getpass
from collections.abc import Callable
from typing import TypeVar

import click

from tricord.app.home import Home
from tricord.cli.asking import Found, asked, in_home
from tricord.store import verdicts
from tricord.store.database import Tx
from tricord.store.verdicts import CannotDecide

T = TypeVar("T")
by_whom = click.option(
    "--by", default=None, help="Who decides.  [default: the user of this machine]"
)
with_reason = click.option("--reason", required=True, help="Why; it is written into the audit log.")


def actor_named(by: str | None) -> str:
    return f"person:{by or getpass.getuser()}"


def decided(home: Home, work: Callable[[Tx], T]) -> T:
    """The verdict, in one transaction; what cannot be decided is told as a problem."""
    try:
        return asked(home, work)
    except CannotDecide as error:
        raise Found(str(error)) from error


@click.command
@click.argument("command")
@in_home
@by_whom
def approve(home: Home, command: str, by: str | None) -> None:
    """Let a held invoice leave. COMMAND is its key or id."""
    key = decided(home, lambda tx: verdicts.approve(tx, command, actor_named(by)))
    click.echo(f"{key} may leave now")


@click.command
@click.argument("command")
@in_home
@by_whom
def retry(home: Home, command: str, by: str | None) -> None:
    """Try a refused or unknown command again. COMMAND is its key or id."""
    key = decided(home, lambda tx: verdicts.retry(tx, command, actor_named(by)))
    click.echo(f"{key} is tried again")


@click.command
@click.argument("command")
@click.argument("changes", nargs=-1, required=True, metavar="FIELD=VALUE...")
@in_home
@by_whom
def edit(home: Home, command: str, changes: tuple[str, ...], by: str | None) -> None:
    """Correct a refused command and try it again. COMMAND is its key or id. Money stays as it is.

    Of a customer: name, email, phone. Of an invoice: memo, days_until_due, lines.ID.description. Of
    a message: recipient, recipient_name.
    """
    pairs = [change.partition("=") for change in changes]
    if any(not sign for _, sign, _ in pairs):
        raise click.BadParameter("write FIELD=VALUE", param_hint="FIELD=VALUE")
    wanted = {name: text for name, _, text in pairs}
    key = decided(home, lambda tx: verdicts.edit(tx, command, wanted, actor_named(by)))
    click.echo(f"{key} is corrected and tried again")


@click.command
@click.argument("command")
@in_home
@by_whom
@with_reason
def skip(home: Home, command: str, by: str | None, reason: str) -> None:
    """Give a command up, with a reason. COMMAND is its key or id."""
    key = decided(home, lambda tx: verdicts.skip(tx, command, reason, actor_named(by)))
    click.echo(f"{key} is given up")


@click.command
@click.argument("delivery", type=int)
@in_home
@by_whom
def reread(home: Home, delivery: int, by: str | None) -> None:
    """Read a parked delivery once more, after an upgrade say. DELIVERY is its number."""
    decided(home, lambda tx: verdicts.reread(tx, delivery, actor_named(by)))
    click.echo(f"delivery {delivery} is read again")


@click.command
@click.argument("case")
@in_home
@by_whom
@with_reason
def resolve(home: Home, case: str, by: str | None, reason: str) -> None:
    """Close a case, with a reason. CASE is its key or id. It opens again when its facts change."""
    found = decided(home, lambda tx: verdicts.resolve(tx, case, reason, actor_named(by)))
    click.echo(f"closed: {found.title}")
