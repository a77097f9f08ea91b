"""`tricord watch`: alerts, in a process of their own that works while the engine is dead."""

import asyncio

import click

from tricord.app.home import Home
from tricord.app.logging import quiet_logs
from tricord.app.watching import opened_watch, stay_for
from tricord.cli.asking import in_home
from tricord.cli.signals import until_stopped


@click.command
@in_home
@click.option(
    "--parent", type=int, default=None, hidden=True, help="The process that started this one."
)
@click.option("--console", default="", hidden=True, help="Where that one shows its console.")
def watch(home: Home, parent: int | None, console: str) -> int:
    """Tell people what needs them, as the policy says, until told to stop."""

    async def work() -> int:
        stopped = until_stopped()
        async with opened_watch(home, console) as (watching, database, clock):
            if parent is None:
                click.echo("Watching: alerts leave from here, whatever the engine does.")
                await watching.run(stopped)
                return 0
            async with asyncio.TaskGroup() as both:
                both.create_task(stay_for(parent, database, clock, stopped))
                both.create_task(watching.run(stopped))
        return 0

    quiet_logs()
    return asyncio.run(work())
