"""`tricord backfill`: import what CRM and billing hold already, with everything that sends off."""

import asyncio
import getpass
from collections.abc import Sequence
from typing import Any

import click

from tricord.app.backfilling import Asked, CannotImport, Standing, backfilling, standing, wanted_of
from tricord.app.connecting import connections_of
from tricord.app.home import Home
from tricord.app.logging import quiet_logs
from tricord.cli.asking import Found, as_json, asked, in_home, print_json
from tricord.cli.progress import line_of, shown
from tricord.cli.signals import until_stopped
from tricord.store.imports import Import
from tricord.store.modes import Mode


@click.command
@in_home
@as_json
@click.option("--only", default="", help="Connections, separated by commas.  [default: all]")
@click.option("--kinds", default="", help="Kinds, separated by commas.  [default: all]")
@click.option("--restart", is_flag=True, help="Read again from the start what was read already.")
@click.option("--status", "status_wanted", is_flag=True, help="How far it is; imports nothing.")
@click.option("--yes", is_flag=True, help="Do not ask, though this home is live.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8765, show_default=True, help="The port; 0 takes a free one.")
def backfill(
    home: Home,
    json_wanted: bool,
    only: str,
    kinds: str,
    restart: bool,
    status_wanted: bool,
    yes: bool,
    host: str,
    port: int,
) -> int:
    """Import what CRM and billing hold already. Nothing is sent until `tricord go-live`.

    It may be stopped, or die, at any point: the same command goes on where it was.
    """
    found = asked(home, standing)
    if status_wanted:
        _tell(found, json_wanted)
        return 0
    wanted = Asked(
        only=_names(only),
        kinds=_names(kinds),
        restart=restart,
        actor=f"person:{getpass.getuser()}",
    )
    try:
        pending = _pending(home, found, wanted)
        if not pending:
            _tell(found, json_wanted)
            return _code(found.imports)
        if found.mode is Mode.LIVE and found.busy and not yes:
            click.confirm(
                "This home is live. Nothing more is sent until go-live is signed again. Go on?",
                abort=True,
            )
        quiet_logs(errors_only=True)
        rows, stopped = asyncio.run(_run(home, wanted, host, port, silent=json_wanted))
    except CannotImport as error:
        raise Found(str(error)) from error
    except OSError as error:
        raise Found(f"cannot listen at {host}:{port}: {error.strerror}; try --port 0") from error
    over = asked(home, standing)
    _tell(over, json_wanted)
    if stopped:
        click.echo("Stopped. Go on with: tricord backfill", err=True)
        return 130
    return _code(rows)


async def _run(
    home: Home, wanted: Asked, host: str, port: int, *, silent: bool
) -> tuple[list[Import], bool]:
    stopped = until_stopped()
    with shown(silent=silent) as tell:
        async with backfilling(home, wanted, host=host, port=port, tell=tell) as importing:
            running = asyncio.create_task(importing.run())
            waiting = asyncio.create_task(stopped.wait())
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            importing.stop()
            return await running, stopped.is_set()


def _pending(home: Home, found: Standing, asked_for: Asked) -> bool:
    """Whether there is anything to import. Raises CannotImport, or PolicyInvalid."""
    connections = {one.name: one for one in connections_of(home.load())}
    wanted = wanted_of(connections, asked_for)
    ended = {(one.connection, one.kind) for one in found.imports if one.ended}
    return asked_for.restart or any(one not in ended for one in wanted)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _code(rows: Sequence[Import]) -> int:
    return 0 if all(one.ended and not one.problem for one in rows) else 1


_NEXT = {
    Mode.LIVE: "This home is live.",
    Mode.IMPORTING: "Not finished: go on with tricord backfill. Nothing is sent.",
    Mode.REHEARSING: "Finished. Nothing is sent until you sign: tricord go-live",
}


def _tell(found: Standing, json_wanted: bool) -> None:
    if json_wanted:
        rows = [_plain(one) for one in found.imports]
        print_json({"mode": str(found.mode), "imports": rows})
        return
    for one in found.imports:
        click.echo(line_of(one))
    if not found.imports:
        click.echo("Nothing was imported yet.")
    click.echo(_NEXT[found.mode])


def _plain(one: Import) -> dict[str, Any]:
    return {
        "connection": one.connection,
        "kind": str(one.kind),
        "state": str(one.state),
        "seen": one.seen,
        "total": one.total,
        "held": one.held,
        "started_at": one.started_at.isoformat() if one.started_at else None,
        "finished_at": one.finished_at.isoformat() if one.finished_at else None,
        "problem": one.problem,
    }
