"""Cases at the command line: the list, one whole, and what is done about one while it is open."""

from datetime import timedelta

import click

from tricord.app.home import Home
from tricord.app.policy_words import Unreadable, duration
from tricord.cli.asking import Found, as_json, asked, in_home, print_json
from tricord.cli.deciding import actor_named, by_whom, decided, resolve
from tricord.cli.listing import print_rows, print_table
from tricord.core.case_kinds import ACTION_WORDS, Action
from tricord.store import verdicts, views
from tricord.store.case_views import CaseFilter
from tricord.store.database import Tx
from tricord.store.row_views import CaseDetail, CaseRow


@click.group(invoke_without_command=True)
@in_home
@as_json
@click.option("--limit", default=200, show_default=True, help="How many rows at the most.")
@click.option("--closed", is_flag=True, help="Those that are over instead of the open ones.")
@click.option("--snoozed", is_flag=True, help="Those that are put off.")
@click.option("--kind", default="", help="Only those of one kind, such as refused.")
@click.option("--cause", default="", help="Only those of one cause, such as refused/stripe.")
@click.option("--whose", default="", help="Only those of one person or role.")
@click.option("--overdue", is_flag=True, help="Only those that are overdue.")
@click.pass_context
def cases(
    ctx: click.Context,
    home: Home,
    json_wanted: bool,
    limit: int,
    closed: bool,
    snoozed: bool,
    kind: str,
    cause: str,
    whose: str,
    overdue: bool,
) -> None:
    """What a person must look at, newest first; and what to do about one of them."""
    if ctx.invoked_subcommand:
        return
    state = "closed" if closed else "snoozed" if snoozed else "open"
    wanted = CaseFilter(kind=kind, cause=cause, whose=whose, overdue=overdue)
    rows = asked(home, lambda tx: views.cases(tx, limit=limit, state=state, filters=wanted))
    if json_wanted:
        print_rows("cases", rows)
        return
    cells = [
        (row.id, row.severity, row.assignee or row.owner, row.money, row.title, _due(row),
         "\n".join(row.next_actions))
        for row in rows
    ]  # fmt: skip
    columns = ("id", "how grave", "whose", "at stake", "what", "due", "what to do")
    print_table("Cases", columns, cells, f"No case is {state}.")


def _due(row: CaseRow) -> str:
    if row.snoozed_until:
        return f"put off until {row.snoozed_until:%Y-%m-%d %H:%M} UTC"
    return f"{row.due_at:%Y-%m-%d %H:%M} UTC" + (" (overdue)" if row.overdue else "")


def _found(tx: Tx, name: str) -> CaseDetail:
    found = views.case(tx, name)
    if found is None:
        raise Found(f"no case is called {name!r}; see: tricord cases")
    return found


@cases.command
@click.argument("case")
@in_home
@as_json
def show(home: Home, json_wanted: bool, case: str) -> None:
    """One case whole: the command, each attempt, who was told, what was done. CASE is key or id."""
    found = asked(home, lambda tx: _found(tx, case))
    if json_wanted:
        print_json(found.as_json())
        return
    row = found.case
    click.echo(f"{row.title}\n")
    facts = [
        ("key", row.key), ("state", row.state), ("how grave", row.severity),
        ("owner", row.owner), ("given to", row.assignee), ("client", row.account_name),
        ("at stake", row.money or ""), ("why", row.why), ("due", _due(row)),
        *(("evidence", line) for line in row.evidence),
        *(("next", line) for line in row.next_actions),
        *(("can be", f"{name}: {ACTION_WORDS[Action(name)]}") for name in row.actions),
    ]  # fmt: skip
    for name, value in facts:
        if value:
            click.echo(f"  {name:10} {value}")
    if found.command:
        click.echo(f"\n{found.command.title}: {found.command.state}")
    for attempt in found.attempts:
        click.echo(f"  {attempt.number}. {attempt.started_at:%Y-%m-%d %H:%M:%S} UTC "
                   f"{attempt.outcome or 'running'} {attempt.problem}")  # fmt: skip
    for notice in found.notices:
        click.echo(f"  told {notice.destination} ({notice.step}): {notice.state} {notice.receipt}")
    for act in found.history:
        detail = ", ".join(f"{name} {value}" for name, value in act.detail.items())
        click.echo(f"  {act.at:%Y-%m-%d %H:%M:%S} UTC {act.actor}: {act.act} {detail}")


@cases.command
@click.argument("case")
@click.argument("who")
@in_home
@by_whom
def assign(home: Home, case: str, who: str, by: str | None) -> None:
    """Give a case to somebody: WHO is a name, an address or a role. It is not escalated then."""
    found = decided(home, lambda tx: verdicts.assign(tx, case, who, actor_named(by)))
    click.echo(f"{found.key} is with {who} now")


@cases.command
@click.argument("case")
@click.argument("span", nargs=-1, required=True)
@in_home
@by_whom
def snooze(home: Home, case: str, span: tuple[str, ...], by: str | None) -> None:
    """Put a case off for a while: SPAN is such as 2 hours. Then it is open and told again."""
    length = _span(" ".join(span))

    def work(tx: Tx) -> str:
        found = verdicts.snooze(tx, case, length, actor_named(by))
        return f"{found.key} is put off until {tx.now + length:%Y-%m-%d %H:%M} UTC"

    click.echo(decided(home, work))


def _span(text: str) -> timedelta:
    try:
        return duration(text)
    except Unreadable as error:
        raise Found(f"{error.message}; {error.hint}") from None


cases.add_command(resolve)
