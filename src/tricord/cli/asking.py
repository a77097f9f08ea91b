"""What every command shares: the home it works in, its database, and how problems are told."""

import contextlib
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from tricord.app.declarations import PolicyInvalid
from tricord.app.home import Home, HomeBusy, SecretsInvalid
from tricord.engine.clock import SystemClock
from tricord.store.database import Database, Tx
from tricord.store.sealing import KeyWrong

T = TypeVar("T")
Command = Callable[..., Any]


class Found(click.ClickException):
    """Problems were found: exit code 1, as documented."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


def in_home(command: Command) -> Command:
    """Gives the command a `home`, from its own --home, the group's, or the environment."""

    @click.option(
        "--home", "own_home", type=click.Path(path_type=Path, file_okay=False), default=None,
        help="The folder with tricord.yaml, the key and the database.",
    )  # fmt: skip
    @functools.wraps(command)
    def wrapped(own_home: Path | None, **values: Any) -> Any:
        path = own_home or click.get_current_context().find_root().obj["home"]
        try:
            return command(home=Home(Path(path).expanduser()), **values)
        except (PolicyInvalid, HomeBusy, SecretsInvalid, KeyWrong) as error:
            raise Found(str(error)) from error

    return wrapped


def as_json(command: Command) -> Command:
    """The option --json, as `json_wanted`."""
    option = click.option("--json", "json_wanted", is_flag=True, help="Print JSON for machines.")
    return option(command)


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def asked(home: Home, work: Callable[[Tx], T]) -> T:
    """`work` in one transaction on the home's database. A home that is not there is a problem."""
    with _opened(home) as database:
        return database.run(work, SystemClock().now())


def rehearsed(home: Home, work: Callable[[Tx], T]) -> T:
    """`work` in a transaction that is undone: what it returns is what would be."""
    with _opened(home) as database:
        return database.rehearse(work, SystemClock().now())


@contextlib.contextmanager
def _opened(home: Home) -> Iterator[Database]:
    if not home.key_path.exists():
        raise Found(f"there is no Tricord home at {home.path}; make one with: tricord init")
    database = home.open_database()
    try:
        yield database
    finally:
        database.close()
