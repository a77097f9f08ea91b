"""Reading `tricord.yaml`: its text becomes the policy and the connections, or a list of problems.

Nothing is taken from the environment here; the variables' values are passed in.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from tricord.app.declarations import ConnectorShape, Loaded, PolicyInvalid, Problem
from tricord.app.policy_checks import Parts, disagreements
from tricord.app.policy_connections import (
    Surroundings,
    address_flaws,
    filled,
    misfits,
    remarks_on,
    settings_of,
)
from tricord.app.policy_errors import flaw_of
from tricord.app.policy_model import PolicyPart, ServerPart
from tricord.app.policy_page import Page, path_of
from tricord.app.policy_text import (
    LONGEST,
    VARIABLE,
    Flaw,
    Listing,
    Loc,
    Node,
    Scalar,
    Table,
    TextInvalid,
    nodes_of,
    plain,
)
from tricord.app.policy_values import policy_of
from tricord.sdk.secret import Secret


def read_policy(
    path: Path,
    *,
    connectors: Mapping[str, ConnectorShape],
    variables: Mapping[str, str],
    offline: bool = False,
) -> Loaded:
    """Load the file at `path`. Raises PolicyInvalid, also when it is missing or no text."""
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
        text, problem = content.decode("utf-8-sig"), ""
    except OSError as error:
        text, problem = "", f"the file cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        text, problem = "", f"byte {error.start} is not UTF-8"
        if len(content) > LONGEST:
            problem = f"the file is larger than {LONGEST // 1024} kB"
    if problem:
        _refuse(Page(path.name, text), [Flaw(message=problem, hint="check the file", index=0)])
    return load_policy(
        text, file=path.name, connectors=connectors, variables=variables, offline=offline
    )


def load_policy(
    text: str,
    *,
    connectors: Mapping[str, ConnectorShape],
    variables: Mapping[str, str],
    offline: bool = False,
    file: str = "tricord.yaml",
) -> Loaded:
    """Load a policy from its text; `variables` holds the values of every `${NAME}`.

    Raises PolicyInvalid with everything that is wrong. With `offline` a variable without a value
    is a remark, and the setting that needs it is left out.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    around = Surroundings(connectors, variables, offline)
    root, flaws = None, list[Flaw]()
    try:
        root = nodes_of(text)
    except TextInvalid as error:
        flaws = list(error.flaws)
    page = Page(file, text, root)
    if root is None:
        _refuse(page, flaws)
    model, parts, flaws = _sound(root)
    flaws += disagreements(parts)
    flaws += misfits(parts, around)
    flaws += _stray_variables(root)
    flaws += _address(parts.server, around)
    if model is None or flaws:
        _refuse(page, flaws)
    lines = {name: page.line_of(_start(root, name)) for name in model.connections}
    named = [(name, part, lines[name], around) for name, part in model.connections.items()]
    address = (model.server.public_url or "") if model.server else ""
    beat = (model.server.heartbeat_url or "") if model.server else ""
    return Loaded(
        policy=policy_of(model, version_of(text), connectors),
        connections=tuple(settings_of(*each) for each in named),
        public_url=(filled(address, variables) or "").rstrip("/") or None,
        heartbeat_url=Secret(filled(beat, variables) or "") if beat else None,
        remarks=tuple(remark for each in named for remark in remarks_on(*each)),
    )


def version_of(text: str) -> str:
    """The policy's name: a hash of its text, in which secrets are still names of variables."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return hashlib.sha256(unified.encode()).hexdigest()[:12]


def _refuse(page: Page, flaws: list[Flaw]) -> NoReturn:
    problems = {page.problem(flaw): None for flaw in flaws}

    def place(problem: Problem) -> tuple[int, int]:
        return problem.line, problem.column

    raise PolicyInvalid(tuple(sorted(problems, key=place)))


def _sound(root: Node) -> tuple[PolicyPart | None, Parts, list[Flaw]]:
    """The model if all of it is sound, else the parts that are, and what is wrong with the rest."""
    data = plain(root)
    try:
        model = PolicyPart.model_validate(data)
    except ValidationError as error:
        flaws = [flaw_of(each, root) for each in error.errors(include_url=False)]
    else:
        return model, Parts(**{name: getattr(model, name) for name in Parts.names()}), []
    parts: dict[str, Any] = {}
    for name in Parts.names():
        if not isinstance(data, dict) or name not in data:
            continue
        try:
            kind = TypeAdapter[Any](PolicyPart.model_fields[name].annotation or object)
            parts[name] = kind.validate_python(data[name], strict=True)
        except ValidationError:
            continue
    return None, Parts(**parts), flaws


def _stray_variables(root: Node) -> list[Flaw]:
    """Variables outside the two places where they are filled in."""
    found: list[Flaw] = []
    waiting: list[tuple[Loc, Node]] = [((), root)]
    while waiting:
        loc, node = waiting.pop()
        if path_of(loc) in ("connections", "server.public_url", "server.heartbeat_url"):
            continue
        match node:
            case Scalar(text=text):
                variable = VARIABLE.search(text)
                if variable:
                    words = f"{variable[0]} is not filled in here"
                    hint = "variables are for connections and server; write the value"
                    found.append(Flaw(loc=loc, message=words, hint=hint))
            case Listing(items=items):
                waiting += [((*loc, place), item) for place, item in enumerate(items)]
            case Table(entries=entries):
                waiting += [((*loc, key), value) for key, (_, value) in entries.items()]
    return found


def _address(server: ServerPart | None, around: Surroundings) -> list[Flaw]:
    if server is None:
        return []
    given = {"public_url": server.public_url, "heartbeat_url": server.heartbeat_url}
    return [
        flaw
        for key, text in given.items()
        if text is not None
        for flaw in address_flaws(("server", key), text, around)
    ]


def _start(root: Node, connection: str) -> int:
    match root:
        case Table(entries={"connections": (_, Table(entries=entries))}):
            return entries[connection][0].start
    return 0
