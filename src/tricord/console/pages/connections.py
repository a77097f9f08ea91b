"""The connections and the workers: whether each is alive, and what waits for it."""

from tricord.console.pages.asked import Asked, Content
from tricord.store import connection_views, workers
from tricord.store.database import Tx


def connections(tx: Tx, asked: Asked) -> Content:
    return {
        "rows": connection_views.connection_rows(tx),
        "workers": workers.alive(tx),
        "roles": _roles(asked),
        "titles": asked.titles,
    }


def _roles(asked: Asked) -> dict[str, list[str]]:
    """The parts each connection plays, by its name."""
    roles = asked.policy.roles
    played: dict[str, list[str]] = {}
    for part, name in (
        ("CRM", roles.crm),
        ("billing", roles.billing),
        ("e-mail", roles.email),
        ("SMS", roles.sms),
        *(("alerts", name) for name in roles.alerts),
    ):
        if name is not None:
            played.setdefault(str(name), []).append(part)
    return played
