"""The connections of a policy file: which are active, and their settings with variables filled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tricord.app.declarations import COMING, ConnectionSettings, ConnectorShape
from tricord.app.policy_checks import Parts
from tricord.app.policy_model import ConnectionPart, RolesPart
from tricord.app.policy_text import VARIABLE, Flaw, Loc
from tricord.app.policy_words import listed, nearest
from tricord.core.ids import ConnectionName
from tricord.sdk.secret import Secret

_CREDENTIALS = ("token", "secret", "key", "password")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a file is read in: the connectors there are, and the variables' values.

    `offline` means that the variables need not be there.
    """

    connectors: Mapping[str, ConnectorShape]
    variables: Mapping[str, str]
    offline: bool


def misfits(parts: Parts, around: Surroundings) -> Iterator[Flaw]:
    """Connections whose connector or settings are not known, and roles nobody can play yet."""
    connections = parts.connections or {}
    for name, connection in connections.items():
        loc: Loc = ("connections", name)
        shape = around.connectors.get(connection.connector)
        if shape is not None:
            yield from _settings(loc, connection, shape)
            for key, text in connection.__pydantic_extra__.items():
                yield from _unset((*loc, key), text, around)
            if connection.base_url is not None:
                yield from address_flaws((*loc, "base_url"), connection.base_url, around)
        elif connection.connector not in COMING:
            words = f'no connector is called "{connection.connector}"'
            known = [*sorted(around.connectors), *COMING]
            hint = nearest(connection.connector, known) or f"write {listed(known)}"
            yield Flaw(loc=(*loc, "connector"), message=words, hint=hint)
    if parts.roles is not None:
        yield from _needed(parts.roles, connections, around)


def _settings(loc: Loc, connection: ConnectionPart, shape: ConnectorShape) -> Iterator[Flaw]:
    given = connection.__pydantic_extra__
    for key in sorted(shape.required - given.keys()):
        hint = f"add `{key}: ${{{connection.connector.upper()}_{key.upper()}}}`"
        yield Flaw(loc=loc, message=f'the setting "{key}" is missing', hint=hint)
    if shape.either and not any(given.keys() >= set(ways) for ways in shape.either):
        ways = " or ".join(" with ".join(f'"{key}"' for key in each) for each in shape.either)
        variable = f"{connection.connector.upper()}_{shape.either[0][0].upper()}"
        hint = f"add `{shape.either[0][0]}: ${{{variable}}}`"
        yield Flaw(loc=loc, message=f"the credentials are missing: {ways}", hint=hint)
    for key in given:
        if key not in shape.names:
            known = (*sorted(shape.names), "base_url", "poll")
            words = f'the {connection.connector} connector has no setting "{key}"'
            hint = nearest(key, known) or f"its settings are {', '.join(known)}"
            yield Flaw(loc=(*loc, key), message=words, hint=hint, on_key=True)


def address_flaws(loc: Loc, text: str, around: Surroundings) -> Iterator[Flaw]:
    """An address may be a variable as a whole; then only its value shows whether it is one."""
    yield from _unset(loc, text, around)
    address = filled(text, around.variables)
    if address is not None and not address.startswith(("https://", "http://")):
        hint = "let it start with https://"
        yield Flaw(loc=loc, message="the variable's value is not an address", hint=hint)


def _unset(loc: Loc, text: str, around: Surroundings) -> Iterator[Flaw]:
    for name in missing_in(text, around.variables) if not around.offline else []:
        hint = f"set it in the environment or in the home's secrets file: {name}=…"
        yield Flaw(loc=loc, message=f"the variable {name} is not set", hint=hint)


def _needed(
    roles: RolesPart, connections: Mapping[str, ConnectionPart], around: Surroundings
) -> Iterator[Flaw]:
    for role, name in (("crm", roles.crm), ("billing", roles.billing)):
        connection = connections.get(name)
        if connection is not None and connection.connector in COMING:
            if connection.connector in around.connectors:
                continue
            words = f"the {connection.connector} connector is not active yet"
            hint = f"name a connection of {listed(sorted(around.connectors))}"
            yield Flaw(loc=("roles", role), message=words, hint=hint)


def missing_in(text: str, variables: Mapping[str, str]) -> list[str]:
    """The variables of `text` without a value; an empty value counts as none."""
    return [match[1] for match in VARIABLE.finditer(text) if not variables.get(match[1])]


def filled(text: str, variables: Mapping[str, str]) -> str | None:
    """`text` with its variables' values; None when one is missing."""
    if missing_in(text, variables):
        return None
    return VARIABLE.sub(lambda match: variables[match[1]], text)


def settings_of(
    name: str, connection: ConnectionPart, line: int, around: Surroundings
) -> ConnectionSettings:
    shape = around.connectors.get(connection.connector)
    values: dict[str, Secret | str] = {}
    for key, text in connection.__pydantic_extra__.items():
        value = filled(text, around.variables)
        if value is not None:
            secret = VARIABLE.search(text) or is_credential(key, shape)
            values[key] = Secret(value) if secret else value
    return ConnectionSettings(
        name=ConnectionName(name),
        connector=connection.connector,
        values=values,
        base_url=filled(connection.base_url, around.variables) if connection.base_url else None,
        poll=connection.poll,
        active=shape is not None,
        line=line,
    )


def is_credential(key: str, shape: ConnectorShape | None) -> bool:
    return key.endswith(_CREDENTIALS) or (shape is not None and key in shape.secret)


def remarks_on(
    name: str, connection: ConnectionPart, line: int, around: Surroundings
) -> Iterator[str]:
    """What is no error and still worth a look, one sentence each."""
    shape = around.connectors.get(connection.connector)
    for key, text in connection.__pydantic_extra__.items():
        place = f"line {line}: connections.{name}.{key}"
        if is_credential(key, shape) and not VARIABLE.search(text):
            yield f"{place}: a secret stands in the file; write ${{NAME}} and set the variable"
    texts = {**connection.__pydantic_extra__, "base_url": connection.base_url or ""}
    for key, text in texts.items():
        for variable in missing_in(text, around.variables) if shape is not None else []:
            yield f"line {line}: connections.{name}.{key}: the variable {variable} is not set"
