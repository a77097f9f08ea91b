"""The rooms: what the package says of itself, what the folders are, and what may import what."""

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import tricord
from architecture.places import ROOT, SOURCE, modules, page, tree_of

HELP = "from tricord.cli.main import main; main(['--help'])"
HEAVY = ("sqlalchemy", "aiohttp", "starlette", "uvicorn", "pydantic")


def _layers(text: str) -> list[set[str]]:
    """The rooms of a block such as `server | console   webhooks in`, line by line."""
    named = re.findall(r"^ *([a-z]+(?: \| [a-z]+)*)(?:  .*)?$", text, re.MULTILINE)
    folders = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    found = [set(line.split(" | ")) for line in named]
    return [layer for layer in found if layer <= folders]


def _contracts() -> list[set[str]]:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    lines = parser["importlinter:contract:layers"]["layers"].split("\n")
    return [set(line.strip().split(" | ")) for line in lines if line.strip()]


def test_the_rooms_are_the_same_in_docstring_folders_contracts_and_page() -> None:
    told = _layers(tricord.__doc__ or "")
    folders = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert set().union(*told) == folders
    assert told == _contracts(), ".importlinter and the docstring of tricord differ"
    block = next(b for b in re.findall(r"```\n(.*?)```", page("architecture.md"), re.DOTALL)
                 if "server | console" in b)  # fmt: skip
    assert _layers(block) == told, "docs/architecture.md and the docstring of tricord differ"


def test_the_import_contracts_hold() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--config", ".importlinter"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_says_in_its_docstring_what_lives_there() -> None:
    missing = [
        str(path.relative_to(ROOT))
        for folder in (SOURCE, ROOT / "tests")
        for path in modules(folder)
        if path.stat().st_size and not ast.get_docstring(tree_of(path))
    ]
    assert not missing


def test_the_help_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", HELP],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "Commands:" in done.stdout
    assert "click" in imported
    assert not [name for name in imported if name.partition(".")[0] in HEAVY]


def test_connectors_and_the_sdk_fetch_nothing_by_themselves() -> None:
    # The import contracts can name whole packages only, and urllib.parse is wanted there.
    found = [
        str(path.relative_to(ROOT))
        for room in ("connectors", "sdk")
        for path in modules(SOURCE / room)
        if "urllib.request" in path.read_text()
    ]
    assert not found


def test_the_core_reads_no_clock() -> None:
    calls = {"now", "utcnow", "today", "time", "monotonic"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules(SOURCE / "core")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in calls
        and not node.args
    ]
    assert not found
