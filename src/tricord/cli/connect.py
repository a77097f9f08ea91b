"""`tricord connect`: let Tricord into a vendor's account, with consent given in the browser."""

import asyncio

import click

from tricord.app.consent import ConsentFailed
from tricord.app.consent import connect as connecting
from tricord.app.home import Home
from tricord.app.logging import quiet_logs
from tricord.cli.asking import Found, as_json, in_home, print_json


@click.command
@click.argument("name")
@in_home
@as_json
@click.option("--port", default=8766, show_default=True, help="The port of the redirect address.")
@click.option("--wait", default=300.0, show_default=True, help="Seconds to wait for consent.")
def connect(home: Home, json_wanted: bool, name: str, port: int, wait: float) -> int:
    """Give Tricord access to the account behind connection NAME, in the browser.

    The app at the vendor must allow the redirect address http://localhost:PORT/callback.
    """

    def tell(address: str) -> None:
        if json_wanted:
            print_json({"open": address})
            return
        click.echo("Open this address in a browser, and allow access there:\n")
        click.echo(f"  {address}\n")
        click.echo("Waiting ...")

    quiet_logs(errors_only=True)
    try:
        grant = asyncio.run(connecting(home, name, port, tell, wait))
    except ConsentFailed as error:
        raise Found(str(error)) from error
    except OSError as error:
        raise Found(f"cannot listen at port {port}: {error.strerror}; try --port") from error
    ends = grant.refresh_until.isoformat(timespec="minutes") if grant.refresh_until else None
    if json_wanted:
        print_json({"connected": name, "scopes": grant.scopes, "consent_ends": ends})
        return 0
    click.echo(f"{name} is connected. Tokens are renewed by themselves.")
    if ends:
        click.echo(f"Unused, this consent ends at {ends}.")
    return 0
