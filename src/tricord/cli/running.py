"""The demo firm and the sandbox vendors, until they are told to stop."""

import asyncio
import getpass
import json
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tricord.app.demo import FirmClock, running_demo
from tricord.app.firm import Firm
from tricord.app.home import Home
from tricord.app.logging import quiet_logs
from tricord.app.minding import minded_watch
from tricord.app.story import Step, Story, report
from tricord.app.townsfolk import LONGEST_AGO
from tricord.cli.asking import Found, as_json, print_json
from tricord.cli.signals import until_stopped
from tricord.sandbox.faults.plan import BadPlan
from tricord.sandbox.serving import BOXES, start_boxes


@click.command
@click.option("--story", "story_wanted", is_flag=True, help="Play the whole story, report, leave.")
@as_json
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Keep the demo's home here.  [default: a fresh one, removed at the end]",
)
@click.option("--port", default=8765, show_default=True, help="The hub's port; 0 takes a free one.")
@click.option("--seed", default=None, type=int, help="The same ids on every run.")
def demo(
    story_wanted: bool, json_wanted: bool, home: Path | None, port: int, seed: int | None
) -> int:
    """Run the demo firm: the hub beside sandbox vendors, over real HTTP and SMTP here."""
    quiet_logs(errors_only=story_wanted)
    with tempfile.TemporaryDirectory(prefix="tricord-demo-") as folder:
        place = Home(home or Path(folder))
        if story_wanted:
            return asyncio.run(_play(place, json_wanted, seed))
        return asyncio.run(_show(place, port, seed))


async def _play(home: Home, json_wanted: bool, seed: int | None) -> int:
    async with running_demo(home, seed=seed) as (hub, stage):
        tell = (lambda _: None) if json_wanted else _tell
        steps = await Story(hub=hub, stage=stage, tell=tell).play()
    found = report(steps)
    if json_wanted:
        print_json(found)
    else:
        signed = found["seconds_from_signature_to_invoice"]
        click.echo(f"From the signature to the sent invoice: {signed} s")
    return 0 if found["ok"] else 1


async def _show(home: Home, port: int, seed: int | None) -> int:
    stopped = until_stopped()
    clock = FirmClock(timedelta(days=LONGEST_AGO))
    try:
        async with (
            running_demo(home, port=port, seed=seed, clock=clock) as (hub, stage),
            minded_watch(home, hub.base_url),
        ):
            click.echo(f"\n  Open the console:\n\n  {await hub.link(getpass.getuser())}\n")
            click.echo("  The link opens it once, within ten minutes. For another one:")
            click.echo(f"  tricord link --home {home.path}\n")
            for one in stage.boxes.values():
                click.echo(f"  {one.box.title:9} {one.base_url}/")
            living = asyncio.create_task(_live(Firm(hub=hub, stage=stage, clock=clock)))
            stopping = asyncio.create_task(stopped.wait())
            await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in (living, stopping):
                task.cancel()
            outcome, _ = await asyncio.gather(living, stopping, return_exceptions=True)
            if isinstance(outcome, Exception):
                raise outcome
    except OSError as error:
        raise Found(f"cannot listen at port {port}: {error.strerror}; try --port 0") from error
    return 0


async def _live(firm: Firm) -> None:
    """The firm's past with its progress, then its present, until this is cancelled."""
    click.echo()
    with Progress(
        TextColumn("  {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    ) as shown:
        past = shown.add_task("Ten weeks of a firm with fifty clients", total=1)
        firm.tell = lambda done, total: shown.update(past, completed=done, total=total)
        await firm.live_through()
    click.echo("\n  It is today. The firm goes on until you press Ctrl-C.\n")
    await firm.go_on()


def _tell(step: Step) -> None:
    mark = click.style("✓", fg="green") if step.ok else click.style("✗", fg="red")
    click.echo(f"  {mark} {step.name}  ({step.seconds:.2f} s, {step.vendor_calls} calls)")
    if not step.ok:
        click.echo(f"      expected {step.expected}\n      but the vendors show {step.seen}")


@click.command
@click.argument(
    "names", nargs=-1, type=click.Choice(sorted(BOXES)), required=True, metavar="NAME..."
)
@click.option("--hub", default=None, help="Where the hub is; webhooks go to HUB/hooks/NAME.")
@click.option("--port-base", default=0, help="The first port; each vendor is ten ports further.")
@click.option("--seed", default=None, type=int, help="The same ids and secrets on every run.")
@click.option(
    "--faults",
    "faults_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="What goes wrong, by vendor, as JSON or YAML.",
)
@as_json
def sandbox(
    names: tuple[str, ...],
    hub: str | None,
    port_base: int,
    seed: int | None,
    faults_path: Path | None,
    json_wanted: bool,
) -> int:
    """Run sandbox vendors alone, by their names. Prints addresses and credentials."""

    quiet_logs(errors_only=True)
    faults = _faults_in(faults_path) if faults_path else {}

    async def work() -> int:
        stopped = until_stopped()
        try:
            running = await start_boxes(
                names, hub=hub, port_base=port_base, seed=seed, faults=faults
            )
        except BadPlan as error:
            raise Found(f"{faults_path}: {error}") from error
        except OSError as error:
            raise Found(f"cannot listen at {port_base}: {error.strerror}") from error
        described = [one.describe() for one in running]
        if json_wanted:
            click.echo(json.dumps({"sandboxes": described}))
        else:
            for one in described:
                click.echo(f"{one['title']}: {one['base_url']}")
                for name, value in one["credentials"].items():
                    click.echo(f"  {name}: {value}")
        await stopped.wait()
        for one_running in running:
            await one_running.stop()
        return 0

    return asyncio.run(work())


def _faults_in(path: Path) -> dict[str, Any]:
    try:
        read = YAML(typ="safe", pure=True).load(path.read_text())
    except (YAMLError, UnicodeDecodeError) as error:
        raise Found(f"{path} is neither JSON nor YAML: {error}") from error
    if not isinstance(read, dict) or not all(isinstance(name, str) for name in read):
        raise Found(f"{path} must hold a list of faults for each vendor: stripe: [...]")
    return read
