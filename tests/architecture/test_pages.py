"""The pages and the code: each setting, command, error, case and table has its words."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from architecture.places import DOCS, in_code, modules, page, rows, tree_of
from tricord.app import policy_model
from tricord.app.declarations import COMING
from tricord.app.policy_checks import WRITTEN_BACK
from tricord.app.policy_model import PolicyPart
from tricord.app.registry import all_connectors
from tricord.cli.main import _COMMANDS
from tricord.connectors.stripe.read import EVENTS
from tricord.core.commands import VERBS, EffectState
from tricord.core.decide import RULES
from tricord.engine import acting, drain
from tricord.sdk import errors
from tricord.sdk.connector import Connector, Once
from tricord.store import connections, workers
from tricord.store.schema import metadata

CLI = page("cli.md")
CONNECTORS = sorted(all_connectors())


@pytest.mark.parametrize("name", list(_COMMANDS))
def test_every_command_exists_and_is_documented_with_its_options(name: str) -> None:
    command = getattr(importlib.import_module(f"tricord.cli.{_COMMANDS[name][0]}"), _python(name))
    assert isinstance(command, click.Command)
    assert command.get_help(click.Context(command, info_name=name)), "--help says nothing"
    assert f"### {name}\n" in CLI, f"docs/cli.md has no section on {name}"
    section = re.split(r"^#{2,3} ", CLI.partition(f"### {name}\n")[2], flags=re.MULTILINE)[0]
    shared = _introduction(name)
    for parameter in command.params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert option in section or option in shared, f"{name} {option} is not in cli.md"
    if isinstance(command, click.Group):
        for inner, below in command.commands.items():
            assert f"{name} {inner}" in section, f"{name} {inner} is not in cli.md"
            for option in [o for parameter in below.params for o in parameter.opts]:
                assert not option.startswith("--") or option in section, f"{inner} {option}"


def _python(name: str) -> str:
    return name.replace("-", "_")


def _introduction(command: str) -> str:
    """The words that stand before the first command of the same chapter."""
    chapter = CLI[: CLI.index(f"### {command}\n")].rpartition("\n## ")[2]
    return chapter.partition("\n### ")[0]


def test_every_command_in_the_page_exists() -> None:
    assert set(re.findall(r"^### ([\w-]+)$", CLI, re.MULTILINE)) == set(_COMMANDS)


@pytest.mark.parametrize("name", CONNECTORS)
def test_every_connector_has_a_page_that_names_its_settings_and_verbs(name: str) -> None:
    connector: Connector = all_connectors()[name]
    text = page(f"connectors/{name}.md")
    for setting in connector.settings:
        assert in_code(text, setting.name), f"the setting {setting.name} is not on the page"
    told = {row[0].strip("`"): row[1] for row in rows(text) if len(row) == 3}
    for kind, verb in connector.verbs.items():
        assert told.get(VERBS[kind]) == verb.once.value, f"{VERBS[kind]} is {verb.once.value}"
    limits = connector.limits
    figures = {str(limits.at_once), f"{limits.per_second:g}", str(limits.burst)}
    quirks = text.partition("## Limits and quirks")[2]
    assert figures <= set(re.findall(r"\d+", quirks)), "the limits on the page are others"


def test_the_page_of_stripe_names_the_events_that_are_polled() -> None:
    block = page("connectors/stripe.md").partition("```\ncustomer")[2].partition("```")[0]
    assert {f"customer{block}".split()[0], *f"customer{block}".split()[1:]} == set(EVENTS)


def test_every_class_of_verb_is_explained() -> None:
    told = {row[0]: row[1].strip("`") for row in rows(page("connectors/writing.md"))}
    assert {once.value: once.name for once in Once}.items() <= told.items()


def test_every_error_is_on_the_page_with_its_next_step() -> None:
    told = {row[0].strip("`"): row[1] for row in rows(page("errors.md")) if len(row) == 4}
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.TricordError):
            assert name in told, f"{name} is not in docs/errors.md"
            step = getattr(kind, "next_step", None)
            assert told[name] == (str(step).replace("_", " ") if step else "")


def _case_kinds(tree: ast.Module) -> Iterator[str]:
    """The kind of each `Case(...)`; of one that its function was given, what callers give."""
    functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    for function in functions.values():
        for call in [n for n in ast.walk(function) if isinstance(n, ast.Call)]:
            if not (isinstance(call.func, ast.Name) and call.func.id == "Case"):
                continue
            for keyword in [k for k in call.keywords if k.arg == "kind"]:
                if isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)
                    continue
                assert isinstance(keyword.value, ast.Name), "a kind nobody can read"
                place = [a.arg for a in function.args.args].index(keyword.value.id)
                for given in calls:
                    if isinstance(given.func, ast.Name) and given.func.id == function.name:
                        value = given.args[place]
                        assert isinstance(value, ast.Constant), "a kind nobody can read"
                        yield str(value.value)


def test_every_kind_of_case_is_on_the_page_and_no_other() -> None:
    used = {kind for path in modules() for kind in _case_kinds(tree_of(path))}
    table = page("errors.md").partition("## Cases")[2]
    told = {row[0].strip("`") for row in rows(table)}
    assert {"incomplete", "refused", "unknown", "parked"} <= used
    assert told == used


def _parts() -> Iterator[type[BaseModel]]:
    for _, part in inspect.getmembers(policy_model, inspect.isclass):
        if issubclass(part, policy_model.Part) and part is not policy_model.Part:
            yield part


def test_every_key_of_the_policy_is_on_the_page() -> None:
    text = page("policy.md")
    for part in _parts():
        for name, field in part.model_fields.items():
            words = set(re.findall(r"`([^`]*)`", text))
            named = {word for word in words if re.search(rf"\b{field.alias or name}\b", word)}
            assert named, f"{part.__name__}: {field.alias or name} is not in docs/policy.md"
    headings = set(re.findall(r"^## ([a-z_]+)$", text, re.MULTILINE))
    assert headings == set(PolicyPart.model_fields) - {"tricord"}
    assert all(in_code(text, figure) for figure in WRITTEN_BACK)
    active = [row for row in rows(text) if row[0].strip("`") in PolicyPart.model_fields]
    assert len([row for row in active if len(row) == 3]) == len(PolicyPart.model_fields)


def test_every_connector_that_has_come_is_named_and_none_that_has_not() -> None:
    text = page("policy.md").partition("## connections")[2].partition("\n## ")[0]
    assert all(in_code(text, name) for name in CONNECTORS)
    assert not [name for name in COMING if name not in CONNECTORS and in_code(text, name)]


def test_every_table_is_on_the_page_and_no_other() -> None:
    text = page("data.md").partition("## Tables")[2].partition("\n## ")[0]
    assert {row[0].strip("`") for row in rows(text)} == set(metadata.tables)


def test_every_word_of_the_glossary_is_used_in_the_code() -> None:
    words = page("glossary.md").partition("## States")[0]
    source = "\n".join(path.read_text().lower() for path in modules())
    plain = re.sub(r"[^a-z0-9]+", " ", source)
    unused = [
        row[0]
        for row in rows(words)
        if not re.search(rf"\b{re.sub(r'[^a-z]+', ' ', row[0].lower())}", plain)
    ]
    assert not unused


def test_every_state_of_a_command_is_in_the_glossary() -> None:
    states = page("glossary.md").partition("## States")[2]
    assert {row[0].strip("`") for row in rows(states)} == {str(state) for state in EffectState}


def test_every_rule_and_crash_point_is_in_the_architecture() -> None:
    text = page("architecture.md")
    for rule in RULES:
        assert in_code(text, rule.__name__), f"the rule {rule.__name__} is not on the page"
    points = {
        str(node.args[0].value)
        for module in Path(inspect.getfile(drain)).parent.glob("*.py")
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "crash_point"
        and isinstance(node.args[0], ast.Constant)
    }
    assert points
    assert points == {row[0].strip("`") for row in rows(text.partition("## Crash points")[2])
                      if len(row) == 2 and row[0].startswith("`")}  # fmt: skip


def test_figures_on_the_pages_are_those_of_the_code() -> None:
    assert f"up to {drain.BATCH} waiting deliveries" in page("architecture.md")
    assert "60 seconds" in page("architecture.md")
    assert connections.LONGEST_PAUSE.total_seconds() == 60
    assert f"{workers.DEAD_AFTER.total_seconds():.0f} seconds" in page("architecture.md")
    assert acting.CASE_AFTER == 3


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r'= "([^"]+\.md)"', (DOCS.parent / "zensical.toml").read_text()))
    assert listed == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
