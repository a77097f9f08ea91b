"""`tricord selftest`: proof that an alert arrives, from a broken sync to the vendor's receipt."""

import asyncio
from datetime import timedelta

import click

from tricord.app.home import Home
from tricord.app.logging import quiet_logs
from tricord.app.selftesting import Stage
from tricord.app.selftesting import selftest as stages_of
from tricord.cli.asking import Found, as_json, in_home, print_json
from tricord.cli.deciding import actor_named, by_whom


@click.command
@in_home
@as_json
@by_whom
@click.option("--timeout", default=60, show_default=True, help="Seconds for all of it.")
def selftest(home: Home, json_wanted: bool, by: str | None, timeout: int) -> int:
    """Break one sync on purpose, and follow its alert to where it arrives. Needs a running hub."""
    if not home.key_path.exists():
        raise Found(f"there is no Tricord home at {home.path}; make one with: tricord init")

    async def work() -> list[Stage]:
        found = []
        async for stage in stages_of(home, timedelta(seconds=timeout), actor_named(by)):
            found.append(stage)
            if not json_wanted:
                mark = "ok     " if stage.ok else "MISSING"
                click.echo(f"{mark} {stage.seconds:6.2f} s  {stage.name}: {stage.words}")
        return found

    quiet_logs(errors_only=True)
    stages = asyncio.run(work())
    ok = all(stage.ok for stage in stages)
    if json_wanted:
        print_json({"ok": ok, "stages": [stage.as_json() for stage in stages]})
    return 0 if ok else 1
