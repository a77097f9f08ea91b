"""`tricord go-live`: see what would happen from now on, and sign that it may."""

import getpass
from collections import Counter
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from tricord.app.connecting import connections_of
from tricord.app.going_live import Consent, NotReady, show, sign
from tricord.app.home import Home
from tricord.cli.asking import Found, as_json, asked, in_home, print_json, rehearsed
from tricord.core.cases import Case
from tricord.core.money import Money
from tricord.core.policy.types import Policy
from tricord.engine.rehearsing import Foreseen, Rehearsal
from tricord.engine.replaying import Connections

MOST_SHOWN = 20


@click.command("go-live")
@in_home
@as_json
@click.option("--yes", is_flag=True, help="Do not ask; sign with --sign what is shown.")
@click.option("--sign", "signed", default="", metavar="FIRM", help="The firm's name, to sign with.")
@click.option("--by", default=None, help="Who signs.  [default: the user of this machine]")
@click.option(
    "--accept-difference", "accepted", default="", metavar="REASON",
    help="Go live although an import differs from its vendor; the reason is kept.",
)  # fmt: skip
def go_live(
    home: Home, json_wanted: bool, yes: bool, signed: str, by: str | None, accepted: str
) -> int:
    """See what would happen from now on, and sign it. Nothing is sent before that.

    Each command is shown as the rules would plan it at this moment. If any of it changes before it
    is signed, it is shown again.
    """
    loaded = home.load()
    policy, connections = loaded.policy, {one.name: one for one in connections_of(loaded)}
    try:
        found = rehearsed(home, lambda tx: show(tx, policy, connections, accepted))
        live = False
        while not live:
            if not json_wanted:
                _show(found, policy)
            elif not yes:
                break
            consent = Consent(
                by=f"person:{by or getpass.getuser()}",
                firm=_signature(policy, signed, yes=yes),
                digest=found.digest,
                accepted=accepted,
            )
            live, found = _sign(home, policy, connections, consent)
            if not live and yes:
                raise Found("not signed: what would happen has changed meanwhile; look at it again")
            if not live:
                click.echo("Something has changed meanwhile; this is how it is now.\n", err=True)
    except NotReady as error:
        if json_wanted:
            print_json({"ready": False, "problem": str(error)})
            return 1
        raise Found(str(error)) from error
    if json_wanted:
        print_json({"ready": True, "live": live, **_plain(found, policy)})
    else:
        click.echo(f"{policy.firm.name} is live. To have it done: tricord up")
    return 0


def _sign(
    home: Home, policy: Policy, connections: Connections, consent: Consent
) -> tuple[bool, Rehearsal]:
    return asked(home, lambda tx: sign(tx, policy, connections, consent))


def _signature(policy: Policy, signed: str, *, yes: bool) -> str:
    firm = policy.firm.name
    name = signed if yes else click.prompt(f"\nType the name of the firm ({firm}) to sign")
    if name.strip() != firm:
        raise Found(f"not signed: {name.strip()!r} is not the name of the firm, {firm!r}")
    return firm


def _show(found: Rehearsal, policy: Policy) -> None:
    click.echo("From now on this would happen:")
    for rule, (count, sums) in _by_rule(found.commands).items():
        click.echo(f"  {rule}: {count}{_money(sums)}")
    if not found.commands:
        click.echo("  nothing")
    rows = sorted(found.commands, key=_most_money_first)
    _table(
        ("client", "what", "at", "money", "state"),
        [(one.client, one.title, one.connection, one.money, one.state) for one in rows],
    )
    click.echo(f"Cases that would open: {len(found.cases)}")
    for kind, count in sorted(Counter(case.kind for case in found.cases).items()):
        click.echo(f"  {kind}: {count}")
    _table(
        ("owner", "case", "at stake"), [(c.owner, c.title, c.money) for c in _worst(found.cases)]
    )
    left = found.untouched
    click.echo(f"Of {left.accounts} accounts this is from before {_day(policy)} and left alone:")
    click.echo(f"  {left.deals} deals whose milestones all lie before it")
    click.echo(f"  {left.invoices} open invoices{_money(left.outstanding)}")


def _table(columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows[:MOST_SHOWN]:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)
    if len(rows) > MOST_SHOWN:
        click.echo(f"and {len(rows) - MOST_SHOWN} more; --json lists all")


def _by_rule(found: Iterable[Foreseen]) -> dict[str, tuple[int, Counter[str]]]:
    rules: dict[str, tuple[int, Counter[str]]] = {}
    for one in found:
        count, sums = rules.setdefault(one.rule, (0, Counter()))
        if one.money is not None:
            sums[one.money.currency] += one.money.minor
        rules[one.rule] = (count + 1, sums)
    return dict(sorted(rules.items()))


def _money(sums: Counter[str]) -> str:
    words = ", ".join(str(Money(minor, code)) for code, minor in sorted(sums.items()) if minor)
    return f", {words}" if words else ""


def _most_money_first(one: Foreseen) -> tuple[int, str, str]:
    return -(one.money.minor if one.money else 0), one.account, one.key


def _worst(found: tuple[Case, ...]) -> list[Case]:
    return sorted(found, key=lambda case: (-(case.money.minor if case.money else 0), case.key))


def _day(policy: Policy) -> str:
    return str(policy.firm.go_live.astimezone(policy.firm.zone).date())


def _plain(found: Rehearsal, policy: Policy) -> dict[str, Any]:
    return {
        "policy": policy.version,
        "go_live": _day(policy),
        "digest": found.digest,
        "rules": [
            {"rule": rule, "commands": count, "money": _sums(sums)}
            for rule, (count, sums) in _by_rule(found.commands).items()
        ],
        "commands": [
            {
                "key": one.key,
                "verb": one.verb,
                "rule": one.rule,
                "connection": one.connection,
                "account": one.account,
                "client": one.client,
                "title": one.title,
                "money": str(one.money) if one.money else None,
                "state": str(one.state),
            }
            for one in found.commands
        ],
        "cases": [
            {"key": c.key, "kind": c.kind, "title": c.title, "owner": c.owner} for c in found.cases
        ],
        "accounts": found.untouched.accounts,
        "left_alone": {
            "deals": found.untouched.deals,
            "invoices": found.untouched.invoices,
            "outstanding": _sums(found.untouched.outstanding),
        },
    }


def _sums(sums: Counter[str]) -> list[str]:
    return [str(Money(minor, code)) for code, minor in sorted(sums.items()) if minor]
