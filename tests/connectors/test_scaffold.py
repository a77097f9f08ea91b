"""A new connector passes the suite, the linter and the type checker before anyone edits it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tricord.app.scaffold import CHECKOUT, CannotScaffold, scaffold, write
from tricord.cli.main import main

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
NAME = "acme_books"
LONGEST = "name_as_long_as_can_be_1"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An outside connector as it was scaffolded, found by its entry point as if installed."""
    here = tmp_path_factory.mktemp("outside")
    write(scaffold(NAME, None, here), here)
    made = here / "tricord-acme-books"
    known = made / "src" / "tricord_acme_books-0.1.0.dist-info"
    known.mkdir()
    (known / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: tricord-acme-books\nVersion: 0.1.0\n"
    )
    (known / "entry_points.txt").write_text(
        f"[tricord.connectors]\n{NAME} = tricord_acme_books.connector:CONNECTOR\n"
    )
    return made


def run_in(folder: Path, *words: object, path: Path | None = None) -> tuple[int, str]:
    """Exit code and everything that was printed."""
    environment = {**os.environ, "PYTHONPATH": str(path or "")}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_package_passes_its_own_tests_unedited(package: Path) -> None:
    code, told = run_in(package, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert code == 0, told
    assert "40 passed" in told


def test_a_package_is_clean_to_linter_and_type_checker_unedited(package: Path) -> None:
    for words in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]):
        code, told = run_in(package, BIN / words[0], *words[1:])
        assert code == 0, told


def test_a_package_is_listed_and_checked_like_our_own(package: Path) -> None:
    code, told = run_in(
        package, BIN / "tricord", "connector", "list", "--json", path=package / "src"
    )
    assert code == 0, told
    rows = {row["name"]: row for row in json.loads(told)["connectors"]}
    assert rows[NAME] == {
        "name": NAME,
        "title": "Acme books",
        "verbs": {"create_customer": "A"},
        "level": "declared",
    }
    code, told = run_in(package, BIN / "tricord", "connector", "check", NAME, path=package / "src")
    assert (code, told) == (0, f"{NAME} keeps the suite\n")


def test_a_package_that_was_edited_badly_is_told_what_is_wrong(
    package: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(package, tmp_path / "copy")
    act = copy / "src" / "tricord_acme_books" / "act.py"
    act.write_text(act.read_text().replace("key=work.key", "key=str(work.at)"))
    code, told = run_in(copy, BIN / "tricord", "connector", "check", NAME, path=copy / "src")
    assert code == 1
    assert "class a writes carry a key of the business key: talks/create_customer.json" in told
    assert "class a and b replays write the same: talks/create_customer.json" in told


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of our own code, with two connectors more: one has the longest name there may be."""
    here = tmp_path_factory.mktemp("checkout")
    caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "tricord", here / "src" / "tricord", ignore=caches)
    shutil.copy(ROOT / "pyproject.toml", here)
    for name in (NAME, LONGEST):
        write(scaffold(name, None, here), here)
    return here


def test_in_a_checkout_the_files_go_where_the_others_are(checkout: Path) -> None:
    made = {str(path.relative_to(checkout)) for path in checkout.rglob("*") if path.is_file()}
    assert {
        f"src/tricord/connectors/{NAME}/connector.py",
        f"src/tricord/connectors/{NAME}/parse.py",
        f"src/tricord/connectors/{NAME}/act.py",
        f"src/tricord/connectors/{NAME}/read.py",
        f"tests/connectors/{NAME}/signer.py",
        f"tests/connectors/{NAME}/test_{NAME}.py",
        f"docs/connectors/{NAME}.md",
    } <= made


@pytest.mark.parametrize("name", [NAME, LONGEST])
def test_in_a_checkout_it_is_clean_to_the_linter_and_keeps_the_suite(
    checkout: Path, name: str
) -> None:
    folders = (f"src/tricord/connectors/{name}", f"tests/connectors/{name}")
    for words in (["check"], ["format", "--check"]):
        code, told = run_in(checkout, BIN / "ruff", *words, *folders)
        assert code == 0, told
    code, told = run_in(
        checkout, BIN / "tricord", "connector", "check", name, path=checkout / "src"
    )
    assert (code, told) == (0, f"{name} keeps the suite\n")


def test_into_a_connectors_folder_elsewhere_makes_part_of_that_checkout(tmp_path: Path) -> None:
    folder = tmp_path / CHECKOUT
    folder.mkdir(parents=True)
    plan = scaffold(NAME, folder, Path("/"))
    assert plan.outside is None
    assert tmp_path / "docs" / "connectors" / f"{NAME}.md" in plan.files


@pytest.mark.parametrize(
    "name",
    ["", "Acme", "acme-books", "acme__books", "_acme", "acme_", "1acme", "../acme", "acme/books",
     "class", "a" * 25, "acme\n", "åcme", "acme.books"],
)  # fmt: skip
def test_a_name_that_is_unfit_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CannotScaffold, match="cannot be a connector's name"):
        scaffold(name, None, tmp_path)


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotScaffold, match="there is a connector 'stripe' already"):
        scaffold("stripe", None, tmp_path)


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    readme = tmp_path / "tricord-acme" / "README.md"
    readme.parent.mkdir()
    readme.write_text("mine")
    with pytest.raises(CannotScaffold, match=r"README\.md is already there; nothing was written"):
        scaffold("acme", None, tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["tricord-acme", "README.md"]
    assert readme.read_text() == "mine"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    plan = scaffold("acme", None, tmp_path)
    write(plan, tmp_path)
    with pytest.raises(FileExistsError):
        write(plan, tmp_path)


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["connector", *words])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_new_says_what_it_wrote_and_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("new", "acme", "--into", "elsewhere") == 0
    told = capsys.readouterr().out
    assert "wrote elsewhere/src/tricord_acme/connector.py" in told
    assert "1. cd elsewhere && pip install -e ." in told
    assert "2. tricord connector check acme" in told
    assert command("new", "acme", "--into", "elsewhere") == 1
    assert "already there" in capsys.readouterr().err
    assert command("new", "Acme Books") == 1


def test_check_works_without_cases_and_says_what_it_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("check", "stripe") == 0
    told = capsys.readouterr().out
    assert "its signature, samples and talks were not checked" in told
    assert command("check", "stripe", "--cases", str(ROOT / "tests/connectors/stripe")) == 0
    assert capsys.readouterr().out == "stripe keeps the suite\n"


def test_check_fails_on_cases_that_are_those_of_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cases = str(ROOT / "tests/connectors/hubspot")
    assert command("check", "stripe", "--cases", cases, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["problems"]


def test_check_of_what_there_is_not_says_where_to_look(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command("check", "nobody") == 1
    assert "tricord connector list" in capsys.readouterr().err


def test_list_tells_each_connector_with_the_class_of_each_verb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("list") == 0
    told = capsys.readouterr().out
    for words in ("HubSpot", "create invoice (A)", "send message (D)", "declared"):
        assert words in told
