"""Connecting: from the settings of a policy file to connections, ready to be talked through."""

from tricord.app.declarations import ConnectionSettings, Loaded
from tricord.app.registry import all_connectors
from tricord.core.ids import ConnectionName
from tricord.engine.connection import Connection
from tricord.sdk.connector import Access


def connections_of(loaded: Loaded) -> list[Connection]:
    """Each active connection of the policy, ready for the engine."""
    return [_connection(one, loaded) for one in loaded.connections if one.active]


def _connection(settings: ConnectionSettings, loaded: Loaded) -> Connection:
    connector = all_connectors()[settings.connector]
    hooks = f"{loaded.public_url}/hooks/{settings.name}" if loaded.public_url else ""
    return Connection(
        connector=connector,
        access=Access(
            connection=ConnectionName(settings.name),
            settings=dict(settings.values),
            fields=loaded.policy.fields,
            hook_url=hooks,
        ),
        base_url=settings.base_url or connector.base_url,
        poll=settings.poll,
        trusted=settings.base_url is not None,
    )
