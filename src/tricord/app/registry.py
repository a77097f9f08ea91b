"""Every connector there is: our own packages, and those installed beside Tricord."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from tricord import connectors
from tricord.app.declarations import ConnectorShape
from tricord.sdk.connector import Connector

GROUP = "tricord.connectors"


@cache
def all_connectors() -> Mapping[str, Connector]:
    """By name, in order. An outside one is found by its entry point and may not take our names."""
    found: dict[str, Connector] = {}
    for package in pkgutil.iter_modules(connectors.__path__):
        module = importlib.import_module(f"{connectors.__name__}.{package.name}.connector")
        found[module.CONNECTOR.name] = module.CONNECTOR
    for point in entry_points(group=GROUP):
        outside = point.load()
        if isinstance(outside, Connector) and outside.name not in found:
            found[outside.name] = outside
    return dict(sorted(found.items()))


def shapes() -> dict[str, ConnectorShape]:
    """What each connector takes in the policy file."""
    return {
        name: ConnectorShape(
            required=frozenset(s.name for s in connector.settings if s.required),
            optional=frozenset(s.name for s in connector.settings if not s.required),
            secret=frozenset(s.name for s in connector.settings if s.secret),
            either=connector.either,
        )
        for name, connector in all_connectors().items()
    }
