"""Where things stand in the repository, and its texts, for the tests that compare them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tricord"
DOCS = ROOT / "docs"
_MADE = {"__pycache__", "site", "dist", "build", "node_modules"}


def page(name: str) -> str:
    """A page of the documentation."""
    return (DOCS / name).read_text()


def pages() -> list[Path]:
    """Every text for people: the documentation, and what stands beside the code."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])


def modules(folder: Path = SOURCE) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def repository() -> Iterator[Path]:
    """Every file that is ours: no hidden folder but .ci and .github, nothing that was made."""
    waiting = [ROOT]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.name in _MADE or path.name.endswith(".egg-info"):
                continue
            if path.is_dir():
                if not path.name.startswith(".") or path.name in (".ci", ".github"):
                    waiting.append(path)
            else:
                yield path


def in_code(text: str, word: str) -> bool:
    """Whether `word` stands in the page as code: `word`."""
    return f"`{word}`" in text


def rows(text: str) -> list[list[str]]:
    """The cells of every table row of a page, headings and rulers left out."""
    lines = [line.strip() for line in text.splitlines()]
    found = []
    for place, line in enumerate(lines):
        after = lines[place + 1] if place + 1 < len(lines) else ""
        is_head = re.fullmatch(r"\|[-| :]+\|", after) is not None
        if line.startswith("|") and not is_head and not re.fullmatch(r"\|[-| :]+\|", line):
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found
