"""What is in deploy/ is well formed, and starts commands that exist with options they take."""

import re
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from architecture.places import ROOT
from tricord.cli.main import _COMMANDS, tricord

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def _starts(words: list[str]) -> None:
    """The command line is one that `tricord` would take."""
    assert words[0] in _COMMANDS, words
    context = click.Context(tricord)
    command = tricord.get_command(context, words[0])
    assert command is not None
    command.make_context(words[0], list(words[1:]), parent=context, resilient_parsing=False)


def _documents(name: str) -> list[Any]:
    return [one for one in YAML(typ="safe").load_all((DEPLOY / name).read_text()) if one]


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: str(path.name))
def test_every_unit_starts_a_command_that_exists(unit: Any) -> None:
    (line,) = re.findall(r"^ExecStart=\S+/tricord (.+)$", unit.read_text(), re.MULTILINE)
    _starts(line.split())
    for needed in ("Restart=always", "NoNewPrivileges=yes", "StateDirectoryMode=0700"):
        assert needed in unit.read_text(), f"{unit.name}: {needed}"


def test_compose_and_the_sketch_start_commands_that_exist() -> None:
    (compose,) = _documents("compose.yaml")
    for name in ("serve", "work", "watch"):
        _starts(compose["services"][name]["command"])
    for one in _documents("kubernetes/tricord.yaml"):
        for container in one["spec"].get("template", {}).get("spec", {}).get("containers", ()):
            _starts(container["args"])


def test_the_page_names_every_file() -> None:
    text = (DEPLOY / "README.md").read_text()
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.name != "README.md":
            assert path.name in text, path.name
