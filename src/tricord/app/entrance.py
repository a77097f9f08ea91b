"""The entrance: where the console is to be reached, and links that open it once."""

from ipaddress import ip_address

from tricord.store import sessions
from tricord.store.database import Tx
from tricord.store.facts import fact, state_fact

_PLACE = "console"


class NoConsole(Exception):
    """No hub has shown a console from this home yet: run tricord up first."""


def address_of(host: str, port: int) -> str:
    """The address of a server that is bound so, as a browser on this machine reaches it."""
    try:
        place = ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if place.is_unspecified:
        return f"http://127.0.0.1:{port}"
    return f"http://[{host}]:{port}" if place.version == 6 else f"http://{host}:{port}"


def announce(tx: Tx, url: str) -> None:
    """Remember where the console is shown, for another process that makes a link to it."""
    state_fact(tx, _PLACE, url)


def make_link(tx: Tx, person: str, url: str | None) -> str:
    """A link to the console for this person. Raises NoConsole when nobody knows where it is."""
    place = url or fact(tx, _PLACE)
    if not place:
        raise NoConsole("no console has been shown from this home yet; run: tricord up")
    return f"{place.rstrip('/')}/enter?ticket={sessions.offer(tx, person, tx.now)}"
