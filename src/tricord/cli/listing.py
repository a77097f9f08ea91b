"""Listings: what is there, for people as tables and for machines as JSON."""

from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from tricord.app.home import Home
from tricord.cli.asking import Found, as_json, asked, in_home, print_json
from tricord.store import audit, views
from tricord.store.row_views import Row, Totals

_limit = click.option("--limit", default=200, show_default=True, help="How many rows at the most.")


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str
) -> None:
    if not rows:
        click.echo(empty)
        return
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*("" if value is None else str(value) for value in row))
    Console().print(shown)


def print_rows(name: str, rows: Sequence[Row]) -> None:
    print_json({name: [row.as_json() for row in rows]})


def _sums(totals: Sequence[Totals]) -> str:
    return ", ".join(str(one.outstanding) for one in totals if one.outstanding) or "nothing"


@click.command
@in_home
@as_json
def status(home: Home, json_wanted: bool) -> None:
    """How the whole is doing: what waits, what is at stake, whether each connection is alive."""
    facts: dict[str, Any] = asked(home, views.status)
    if json_wanted:
        print_json(facts)
        return
    for name, value in facts.items():
        if name == "connections":
            for one in value:
                problem = f": {one['problem']}" if one["problem"] else ""
                click.echo(f"connection {one['name']}: {one['state']}{problem}")
        elif isinstance(value, dict):
            pairs = ", ".join(f"{key} {held}" for key, held in value.items() if held)
            click.echo(f"{name.replace('_', ' ')}: {pairs or 'none'}")
        else:
            click.echo(f"{name.replace('_', ' ')}: {value}")


@click.command
@in_home
@as_json
@_limit
@click.option("--search", default="", help="Part of a name, a whole e-mail address, or an id.")
def accounts(home: Home, json_wanted: bool, limit: int, search: str) -> None:
    """The clients, with what they owe."""
    rows = asked(home, lambda tx: views.accounts(tx, limit=limit, search=search))
    if json_wanted:
        print_rows("accounts", rows)
        return
    cells = [(row.id, row.name, _sums(row.totals), row.open_cases) for row in rows]
    print_table("Accounts", ("id", "client", "owes", "cases"), cells, "There are no accounts yet.")


@click.command
@in_home
@as_json
@_limit
def invoices(home: Home, json_wanted: bool, limit: int) -> None:
    """The invoices, as our own books have them."""
    rows = asked(home, lambda tx: views.invoices(tx, limit=limit))
    if json_wanted:
        print_rows("invoices", rows)
        return
    cells = [
        (
            row.number or row.ref.external_id,
            row.account_name,
            row.installment,
            row.status,
            row.total,
            row.outstanding,
            row.due_at.date() if row.due_at else "",
        )
        for row in rows
    ]
    columns = ("number", "client", "for", "status", "total", "outstanding", "due")
    print_table("Invoices", columns, cells, "There are no invoices yet.")


@click.command
@in_home
@as_json
@_limit
@click.option("--state", default=None, help="Only those in this state, such as refused or unknown.")
def commands(home: Home, json_wanted: bool, limit: int, state: str | None) -> None:
    """What was asked of vendors, why, and what became of it."""
    rows = asked(home, lambda tx: views.commands(tx, limit=limit, state=state))
    if json_wanted:
        print_rows("commands", rows)
        return
    cells = [(row.id, row.state, row.title, row.account_name, row.why) for row in rows]
    print_table(
        "Commands", ("id", "state", "what", "client", "why"), cells, "Nothing was asked yet."
    )


@click.command
@click.argument("what")
@in_home
@as_json
def explain(home: Home, json_wanted: bool, what: str) -> None:
    """Why something was done, or was not.

    WHAT is a command's key or id, an invoice number or id, a deal's id, or an account's id.
    """
    policy = home.load(offline=True).policy
    found = asked(home, lambda tx: views.explain(tx, what, policy))
    if found is None:
        raise Found(f"nothing here is called {what!r}; see tricord commands, invoices or accounts")
    if json_wanted:
        print_json(found.as_json())
        return
    for line in (found.what, *found.lines):
        click.echo(line)


@click.command
@in_home
@as_json
@_limit
def log(home: Home, json_wanted: bool, limit: int) -> None:
    """The audit log, newest first."""
    entries = asked(home, lambda tx: audit.entries(tx, limit))
    if json_wanted:
        print_json({"entries": entries})
        return
    cells = [(e["seq"], e["at"], e["actor"], e["act"], e["subject"]) for e in entries]
    print_table("Audit log", ("seq", "at", "who", "what", "of"), cells, "Nothing has happened yet.")
