"""The documents as texts: links lead somewhere, decisions have one form, controls cite tests."""

import ast
import re
from pathlib import Path

import pytest

from architecture.places import DOCS, ROOT, modules, page, pages, repository, rows, tree_of

DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "Files"]
CONTROLS = [f"T{number:02}" for number in range(1, 74)]
LONGEST_PAGE = 250
# Put together here, so that this file does not hold what it looks for.
UNWANTED = tuple("".join(parts) for parts in (
    ("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/"), ("py", "pi.org"),
    ("pythonho", "sted.org"), ("registry.np", "mjs"),
))  # fmt: skip


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _anchor(heading: str) -> str:
    """The anchor that a heading gets: small letters, hyphens for spaces, no signs."""
    plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower())
    return plain.replace(" ", "-")


@pytest.mark.parametrize("path", pages(), ids=_name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{target} leads nowhere"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
            assert anchor in map(_anchor, headings), f"{target}: there is no such heading"


@pytest.mark.parametrize("path", pages(), ids=_name)
def test_no_page_is_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_PAGE


@pytest.mark.parametrize("path", DECISIONS, ids=_name)
def test_every_decision_has_the_same_form(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) < 50
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
    assert lines[0].startswith(f"# {int(path.name[:4])}. ")
    assert re.fullmatch(r"- Status: (proposed|accepted|superseded by \d{4})", lines[2])
    assert re.fullmatch(r"- Date: \d{4}-\d{2}-\d{2}", lines[3])
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == SECTIONS
    named = re.findall(r"`([^`]+)`", "\n".join(lines[lines.index("## Files") :]))
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def _tests() -> set[str]:
    return {
        node.name
        for path in modules(ROOT / "tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def _proving(control: str) -> set[str]:
    """The tests that carry the control's id in their name."""
    mark = re.compile(rf"(?:^|_){control.lower()}(?:_|$)")
    return {name for name in _tests() if mark.search(name)}


def test_every_control_stands_once_with_a_state() -> None:
    told = [row for row in rows(page("controls.md")) if re.fullmatch(r"T\d\d", row[0])]
    assert [row[0] for row in told] == CONTROLS
    for row in told:
        assert row[2] in ("proved", "partly", "not yet"), f"{row[0]} has no known state"


def test_every_test_a_control_cites_exists() -> None:
    cited = set(re.findall(r"`(test_\w+)`", page("controls.md")))
    assert not cited - _tests()


@pytest.mark.parametrize("control", CONTROLS)
def test_a_controls_state_is_what_its_tests_allow(control: str) -> None:
    row = next(row for row in rows(page("controls.md")) if row[0] == control)
    cited = set(re.findall(r"`(test_\w+)`", row[3]))
    proving = _proving(control)
    if row[2] == "proved":
        assert cited & proving, "a proved control cites a test that carries its id"
    if row[2] == "not yet":
        assert not proving, f"there are tests for it; docs/controls.md should cite {proving}"


def test_no_file_names_a_registry_or_a_place_on_somebodys_machine() -> None:
    found = []
    for path in repository():
        content = path.read_bytes()
        found += [f"{_name(path)}: {word}" for word in UNWANTED if word.encode() in content]
    assert not found


def test_the_changelog_names_the_version() -> None:
    version = re.search(r'^version = "([^"]+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version is not None
    assert version[1] in (ROOT / "CHANGELOG.md").read_text()


def test_the_readme_names_every_script_a_reader_starts_with() -> None:
    text = (ROOT / "README.md").read_text()
    for script in ("scripts/demo", "scripts/test"):
        assert script in text
        assert (ROOT / script).exists()


def test_the_starter_is_the_example() -> None:
    example = ROOT / "examples" / "agency" / "tricord.yaml"
    starter = ROOT / "src" / "tricord" / "app" / "starters" / "agency.yaml"
    assert starter.read_bytes() == example.read_bytes()
