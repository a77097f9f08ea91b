"""What a person decides about a command or a case. Each is an entry in the audit log."""

import getpass

import click

from tricord.app.home import Home
from tricord.cli.asking import Found, asked, in_home
from tricord.core.commands import EffectState
from tricord.store import cases, commands, deliveries, mirror, views
from tricord.store.audit import record_act
from tricord.store.database import Tx

by_whom = click.option(
    "--by", default=None, help="Who decides.  [default: the user of this machine]"
)
with_reason = click.option("--reason", required=True, help="Why; it is written into the audit log.")


def actor_named(by: str | None) -> str:
    return f"person:{by or getpass.getuser()}"


def _key(tx: Tx, name: str) -> str:
    found = views.command(tx, name)
    if found is None:
        raise Found(f"there is no command {name!r}; see: tricord commands")
    return found[0].key


@click.command
@click.argument("command")
@in_home
@by_whom
def approve(home: Home, command: str, by: str | None) -> None:
    """Let a held invoice leave. COMMAND is its key or id."""

    def work(tx: Tx) -> str:
        key = _key(tx, command)
        if not commands.release(tx, key, [EffectState.HELD]):
            raise Found(f"{key} is not held; see: tricord explain {key}")
        cases.close_case(tx, f"approval/{key}", "approved", actor_named(by))
        record_act(tx, "command.approved", key, actor=actor_named(by))
        mirror.wake_owner(tx, key)
        return key

    click.echo(f"{asked(home, work)} may leave now")


@click.command
@click.argument("command")
@in_home
@by_whom
def retry(home: Home, command: str, by: str | None) -> None:
    """Try a refused or unknown command again. COMMAND is its key or id."""

    def work(tx: Tx) -> str:
        key = _key(tx, command)
        if not commands.release(tx, key, [EffectState.REFUSED, EffectState.UNKNOWN]):
            raise Found(f"{key} is neither refused nor unknown; see: tricord explain {key}")
        for kind in ("refused", "unknown"):
            cases.close_case(tx, f"{kind}/{key}", "tried again", actor_named(by))
        record_act(tx, "command.retried", key, actor=actor_named(by))
        mirror.wake_owner(tx, key)
        return key

    click.echo(f"{asked(home, work)} is tried again")


@click.command
@click.argument("command")
@in_home
@by_whom
@with_reason
def skip(home: Home, command: str, by: str | None, reason: str) -> None:
    """Give a command up, with a reason. COMMAND is its key or id."""

    def work(tx: Tx) -> str:
        key = _key(tx, command)
        if not commands.give_up(tx, key, reason):
            raise Found(f"{key} is done or on its way; see: tricord explain {key}")
        for kind in ("approval", "refused", "unknown", "failing", "cannot"):
            cases.close_case(tx, f"{kind}/{key}", reason, actor_named(by))
        record_act(tx, "command.given_up", key, actor=actor_named(by), reason=reason)
        mirror.wake_owner(tx, key)
        return key

    click.echo(f"{asked(home, work)} is given up")


@click.command
@click.argument("delivery", type=int)
@in_home
@by_whom
def reread(home: Home, delivery: int, by: str | None) -> None:
    """Read a parked delivery once more, after an upgrade say. DELIVERY is its number."""

    def work(tx: Tx) -> None:
        if not deliveries.release(tx, delivery):
            raise Found(f"delivery {delivery} is not parked; see: tricord cases")
        record_act(tx, "delivery.reread", str(delivery), actor=actor_named(by))

    asked(home, work)
    click.echo(f"delivery {delivery} is read again")


@click.command
@click.argument("case")
@in_home
@by_whom
@with_reason
def resolve(home: Home, case: str, by: str | None, reason: str) -> None:
    """Close a case, with a reason. CASE is its key or id. It opens again when its facts change."""

    def work(tx: Tx) -> str:
        rows = views.cases(tx, limit=100_000)
        found = next((row for row in rows if case in (row.key, str(row.id))), None)
        if found is None or not cases.close_case(tx, found.key, reason, actor_named(by)):
            raise Found(f"no open case is called {case!r}; see: tricord cases")
        return found.title

    click.echo(f"closed: {asked(home, work)}")
