"""Connectors: which there are, a new one to start from, and whether one keeps the suite."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from tricord.app.registry import all_connectors
from tricord.app.scaffold import CannotScaffold, scaffold, write
from tricord.app.suite.checks import level_of, problems_of
from tricord.cli.asking import Found, as_json, print_json
from tricord.core.commands import VERBS
from tricord.sdk.connector import Connector


@click.group
def connector() -> None:
    """Write and check connectors."""


@connector.command("list")
@as_json
def list_(json_wanted: bool) -> None:
    """The connectors there are: what each does, how that is made effect-once, and its level.

    A: the vendor takes an idempotency key. B: a natural key. C: a tag that is looked up first.
    D: nothing, so at most once. Levels: declared, when the suite passes; recorded, when it passes
    on dated talks with the vendor's own sandbox.
    """
    rows = [_row(one) for one in all_connectors().values()]
    if json_wanted:
        print_json({"connectors": rows})
        return
    table = Table(title="Connectors", title_justify="left", box=None, pad_edge=False)
    for column in ("name", "title", "does", "level"):
        table.add_column(column, overflow="fold")
    for row in rows:
        verbs = [f"{verb.replace('_', ' ')} ({once})" for verb, once in row["verbs"].items()]
        table.add_row(row["name"], row["title"], ", ".join(verbs), row["level"])
    Console().print(table)


@connector.command
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="A checkout's src/tricord/connectors, or the folder of a package to make."
    "  [default: the checkout here, or ./tricord-NAME]",
)
def new(name: str, into: Path | None) -> None:
    """Make a connector called NAME that passes the suite, to be edited. Overwrites nothing."""
    here = Path.cwd()
    try:
        plan = scaffold(name, into, here)
        write(plan, here)
    except (CannotScaffold, FileExistsError) as error:
        raise Found(str(error)) from error
    for path in plan.files:
        click.echo(f"wrote {path}")
    for number, step in enumerate(plan.next_steps, start=1):
        click.echo(f"{number}. {step}")


@connector.command
@click.argument("name")
@click.option(
    "--cases",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=None,
    help="The folder with vendor.json, samples and talks."
    "  [default: ./tests/connectors/NAME or ./tests/NAME]",
)
@as_json
def check(name: str, cases: Path | None, json_wanted: bool) -> int:
    """Check a connector, ours or one installed beside Tricord, against the standard suite.

    Nothing is sent anywhere. Without recorded cases, only what needs none is checked: the
    declaration, the errors, and that no webhook breaks its reading.
    """
    if name not in all_connectors():
        raise Found(f"there is no connector {name!r}; see tricord connector list")
    folder = cases or _cases_of(name)
    problems = problems_of(all_connectors()[name], folder)
    if json_wanted:
        told = str(folder) if folder else None
        print_json({"ok": not problems, "connector": name, "cases": told, "problems": problems})
        return 1 if problems else 0
    for problem in problems:
        click.echo(problem)
    if folder is None:
        click.echo(f"no recorded cases in ./tests/connectors/{name} or ./tests/{name}:")
        click.echo("its signature, samples and talks were not checked")
    click.echo(f"{name}: {len(problems)} problems" if problems else f"{name} keeps the suite")
    return 1 if problems else 0


def _row(one: Connector) -> dict[str, Any]:
    verbs = {VERBS[kind]: str(verb.once) for kind, verb in one.verbs.items()}
    level = level_of(one, _cases_of(one.name))
    return {"name": one.name, "title": one.title, "verbs": verbs, "level": level}


def _cases_of(name: str) -> Path | None:
    here = Path.cwd()
    folders = (here / "tests" / "connectors" / name, here / "tests" / name)
    return next((folder for folder in folders if (folder / "vendor.json").exists()), None)
