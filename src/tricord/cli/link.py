"""`tricord link`: a link that opens the console once."""

import getpass

import click

from tricord.app.entrance import NoConsole, make_link
from tricord.app.home import Home
from tricord.cli.asking import Found, as_json, asked, in_home, print_json
from tricord.store.sessions import LASTS, TICKET_LASTS


@click.command
@in_home
@as_json
@click.option("--by", default=None, help="Who enters.  [default: the user of this machine]")
@click.option("--url", default=None, help="Where the console is.  [default: where it was last]")
def link(home: Home, json_wanted: bool, by: str | None, url: str | None) -> int:
    """A link that opens the console once, within ten minutes.

    Who opens it acts under the name given here, which stands in the audit log.
    """
    person = by or getpass.getuser()
    try:
        address = asked(home, lambda tx: make_link(tx, person, url))
    except NoConsole as error:
        raise Found(str(error)) from error
    if json_wanted:
        print_json({"open": address, "person": person, "seconds": TICKET_LASTS.total_seconds()})
        return 0
    click.echo(f"\n  {address}\n")
    minutes, hours = TICKET_LASTS.total_seconds() / 60, LASTS.total_seconds() / 3600
    click.echo(f"It opens the console once, for {person}, within {minutes:.0f} minutes.")
    click.echo(f"The session it begins lasts {hours:.0f} hours.")
    return 0
