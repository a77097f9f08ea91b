"""Scaffolding: a new connector with its cases, test and page, complete enough to pass the suite."""

import keyword
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tricord.app.registry import all_connectors

_TEMPLATES = Path(__file__).with_name("scaffolding")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_NAME = 24
CHECKOUT = Path("src/tricord/connectors")


class CannotScaffold(Exception):
    """The connector cannot be made as asked; the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaffold:
    """What will be written, and where a person starts editing."""

    name: str
    files: dict[Path, str]
    cases: Path
    package: Path
    outside: Path | None

    @property
    def next_steps(self) -> tuple[str, ...]:
        install = (f"cd {self.outside} && pip install -e .",) if self.outside else ()
        named = () if self.outside else ("Name it in docs/policy.md, under connections.",)
        return (
            *install,
            f"tricord connector check {self.name}",
            f"Edit {self.package}: declare facts in connector.py, then parse.py, read.py, act.py.",
            f"Replace the samples and talks in {self.cases} by what the vendor really sends.",
            "Write down in its page what surprised you, with a link and a date.",
            *named,
        )


def scaffold(name: str, into: Path | None, here: Path) -> Scaffold:
    """Plan the files of a new connector. `into` is a checkout's connectors folder, or the root of
    a package to be; without it a checkout at `here` is used, or a package is made beside it.

    Raises CannotScaffold for a name that is taken or unfit, or a file that is already there.
    """
    _check_name(name)
    target = into or (
        CHECKOUT if (here / CHECKOUT).is_dir() else Path("tricord-" + name.replace("_", "-"))
    )
    inside = (here / target).resolve().parts[-3:] == CHECKOUT.parts
    plan = _inside(name, target) if inside else _outside(name, target)
    if taken := [path for path in (*plan.files, plan.package) if (here / path).exists()]:
        raise CannotScaffold(f"{taken[0]} is already there; nothing was written")
    return plan


def write(plan: Scaffold, here: Path) -> None:
    """Write the files. A file that has appeared meanwhile is not overwritten."""
    for path, text in plan.files.items():
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        with (here / path).open("x", encoding="utf-8") as file:
            file.write(text)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME or keyword.iskeyword(name):
        raise CannotScaffold(
            f"{name!r} cannot be a connector's name: small letters, digits and single underscores, "
            f"at most {_LONGEST_NAME}, starting with a letter"
        )
    if name in all_connectors():
        raise CannotScaffold(f"there is a connector {name!r} already; see tricord connector list")


def _inside(name: str, target: Path) -> Scaffold:
    package, root = target / name, _above(target)
    cases = root / "tests" / "connectors" / name
    words = _words(name, f"tricord.connectors.{name}")
    files = {
        **_filled("package", package, words),
        **_filled("cases", cases, words),
        cases / f"test_{name}.py": _fill("own_test.py.txt", words),
        root / "docs" / "connectors" / f"{name}.md": _fill("page.md.txt", words),
    }
    return Scaffold(name=name, files=files, cases=cases, package=package, outside=None)


def _above(target: Path) -> Path:
    """The checkout around its connectors folder, told relatively where `target` is."""
    if target.parts[-3:] == CHECKOUT.parts:
        return target.parents[2]
    return target.resolve().parents[2]


def _outside(name: str, target: Path) -> Scaffold:
    package = target / "src" / f"tricord_{name}"
    cases = target / "tests" / name
    words = _words(name, f"tricord_{name}")
    files = {
        target / "pyproject.toml": _fill("outside/pyproject.toml.txt", words),
        target / "README.md": _fill("page.md.txt", words),
        package / "py.typed": "",
        **_filled("package", package, words),
        **_filled("cases", cases, words),
        target / "tests" / "test_suite.py": _fill("outside/test_suite.py.txt", words),
        target / "tests" / f"test_{name}.py": _fill("own_test.py.txt", words),
    }
    ours = f"from tricord_{name}."
    sorted_ = {p: _own_last(t, ours) if p.suffix == ".py" else t for p, t in files.items()}
    return Scaffold(name=name, files=sorted_, cases=cases, package=package, outside=target)


def _words(name: str, package: str) -> dict[str, str]:
    title, dashed = name.replace("_", " ").capitalize(), name.replace("_", "-")
    return {"name": name, "title": title, "package": package, "dashed": dashed}


def _filled(folder: str, target: Path, words: dict[str, str]) -> dict[Path, str]:
    """Every template of a folder, at its place in the target."""
    found = sorted(path for path in (_TEMPLATES / folder).rglob("*.txt"))
    return {
        target / path.relative_to(_TEMPLATES / folder).with_suffix(""): _fill(
            str(path.relative_to(_TEMPLATES)), words
        )
        for path in found
    }


def _fill(template: str, words: dict[str, str]) -> str:
    return Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(words)


def _own_last(text: str, ours: str) -> str:
    """Imports of the package's own modules in a block after those of Tricord, as isort wants."""
    lines = text.splitlines()
    own = [line for line in lines if line.startswith(ours)]
    rest = [line for line in lines if not line.startswith(ours)]
    last = max((n for n, line in enumerate(rest) if line.startswith("from tricord.")), default=0)
    if not own or not last:
        return text
    return "\n".join([*rest[: last + 1], "", *own, *rest[last + 1 :]]) + "\n"
