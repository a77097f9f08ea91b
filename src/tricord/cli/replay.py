"""`tricord replay`: a delivery or a command once more, with a preview of what would come of it."""

import getpass
from collections.abc import Callable
from dataclasses import asdict

import click

from tricord.app.connecting import connections_of
from tricord.app.home import Home
from tricord.cli.asking import Found, as_json, asked, in_home, print_json, rehearsed
from tricord.engine.replaying import (
    Effect,
    Preview,
    preview_command,
    preview_delivery,
    replay_command,
    replay_delivery,
)
from tricord.store import views
from tricord.store.database import Tx

_yes = click.option("--yes", is_flag=True, help="Do it; without this only the preview is shown.")
_by = click.option("--by", default=None, help="Who decides.  [default: the user of this machine]")


@click.group
def replay() -> None:
    """Have a delivery or a command come up once more. What is done already is never done twice."""


@replay.command
@click.argument("number", type=int)
@in_home
@as_json
@_yes
@_by
def delivery(home: Home, json_wanted: bool, number: int, yes: bool, by: str | None) -> int:
    """Absorb delivery NUMBER again."""
    loaded = home.load(offline=True)
    connections = {one.name: one for one in connections_of(loaded)}
    found = rehearsed(home, lambda tx: preview_delivery(tx, loaded.policy, connections, number))
    return _carry_on(
        home, found, json_wanted, yes, lambda tx: replay_delivery(tx, number, _who(by))
    )


@replay.command
@click.argument("key")
@in_home
@as_json
@_yes
@_by
def command(home: Home, json_wanted: bool, key: str, yes: bool, by: str | None) -> int:
    """Carry out command KEY (or its id) again, unless it is done."""

    def named(tx: Tx) -> str:
        row = views.command(tx, key)
        return row[0].key if row else key

    whole = asked(home, named)
    found = asked(home, lambda tx: preview_command(tx, whole))
    return _carry_on(home, found, json_wanted, yes, lambda tx: replay_command(tx, whole, _who(by)))


def _carry_on(
    home: Home, found: Preview, json_wanted: bool, yes: bool, work: Callable[[Tx], bool]
) -> int:
    if found.problem and not json_wanted:
        raise Found(f"{found.what}: {found.problem}")
    worth = not found.problem and bool(found.would_run or found.reads)
    replayed = yes and worth and asked(home, work)
    if json_wanted:
        print_json({"preview": _plain(found), "replayed": replayed})
        return 1 if found.problem else 0
    _show(found)
    if replayed:
        click.echo("It comes up now; see: tricord status")
    elif not worth:
        click.echo("Nothing would be done.")
    else:
        click.echo("Nothing was done yet. To do it: add --yes")
    return 0


def _show(found: Preview) -> None:
    for ref in found.reads:
        click.echo(f"would read    {ref}, and decide by what it shows")
    for effect in found.would_run:
        click.echo(f"would run     {_words(effect)}")
    for effect in found.done:
        click.echo(f"already over  {_words(effect)}")


def _words(effect: Effect) -> str:
    money = f" over {effect.money}" if effect.money else ""
    state = f" ({effect.state})" if effect.state else ""
    return f"{effect.verb.replace('_', ' ')}{money} at {effect.connection}: {effect.key}{state}"


def _plain(found: Preview) -> dict[str, object]:
    def rows(effects: tuple[Effect, ...]) -> list[dict[str, object]]:
        return [{**asdict(one), "money": str(one.money) if one.money else None} for one in effects]

    return {
        "what": found.what,
        "problem": found.problem,
        "would_run": rows(found.would_run),
        "done": rows(found.done),
        "reads": [str(ref) for ref in found.reads],
    }


def _who(by: str | None) -> str:
    return f"person:{by or getpass.getuser()}"
