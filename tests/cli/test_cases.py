"""Cases, corrections and the self-test as a person types them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.test_commands import run
from core import building as make
from tricord.app.home import Home
from tricord.app.suite.exemplars import exemplar
from tricord.core import troubles
from tricord.core.account import Account
from tricord.core.commands import EffectState
from tricord.core.ids import ConnectionName
from tricord.engine.clock import SystemClock
from tricord.store import cases, commands, mirror
from tricord.store.database import Tx


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    assert run("init", "--home", folder).returncode == 0
    return folder


def _case(home: Path, key: str) -> None:
    """A refused command in the store, as an engine would have left it there."""
    database = Home(home).open_database()
    command = exemplar("create_customer", ConnectionName("stripe"), {"key": key})

    def work(tx: Tx) -> None:
        mirror.ensure_account(tx, command.account)
        commands.add(tx, command.account, command, EffectState.REFUSED, tx.now)
        account = Account(id=command.account)
        told = troubles.refused(make.policy(), account, command, "stripe: HTTP 400")
        cases.open_case(tx, told, "engine")

    database.run(work, SystemClock().now())
    database.close()


def test_a_case_is_shown_given_to_somebody_put_off_and_resolved(home: Path) -> None:
    _case(home, "customer/a/1")
    key = "refused/customer/a/1"
    listed = json.loads(run("cases", "--json", "--home", home).stdout)["cases"]
    assert [(row["key"], row["severity"]) for row in listed] == [(key, "error")]
    assert run("cases", "assign", key, "ana", "--by", "cfo", "--home", home).returncode == 0
    shown = run("cases", "show", key, "--home", home).stdout
    for part in ("ana", "stripe: HTTP 400", "Try again", "person:cfo: case.assigned"):
        assert part in shown, shown
    machine = json.loads(
        run("cases", "show", str(listed[0]["id"]), "--json", "--home", home).stdout
    )
    assert machine["command"]["state"] == "refused"
    assert machine["case"]["actions"][:3] == ["edit", "retry", "skip"]
    late = run("cases", "snooze", key, "2", "hours", "--home", home)
    assert "put off until" in late.stdout
    assert json.loads(run("cases", "--json", "--home", home).stdout) == {"cases": []}
    put_off = json.loads(run("cases", "--snoozed", "--json", "--home", home).stdout)["cases"]
    assert [row["key"] for row in put_off] == [key]
    assert run("cases", "snooze", key, "soon", "--home", home).returncode == 1
    assert run("cases", "resolve", key, "--reason", "by hand", "--home", home).returncode == 0
    assert run("cases", "snooze", key, "1", "hour", "--home", home).returncode == 1


def test_a_refused_command_is_corrected_and_tried_again(home: Path) -> None:
    key = "customer/b/1"
    _case(home, key)
    money = run("edit", key, "total=1", "--home", home)
    assert money.returncode == 1
    assert "what can is name, email, phone" in money.stderr
    assert run("edit", key, "email", "--home", home).returncode == 2
    done = run("edit", key, "email=zoe@new.example", "--by", "cfo", "--home", home)
    assert done.returncode == 0, done.stderr
    rows = json.loads(run("commands", "--json", "--home", home).stdout)["commands"]
    states = [row["state"] for row in rows if row["key"] == key]
    assert states == ["ready"]
    entries = json.loads(run("log", "--json", "--home", home).stdout)["entries"]
    (entry,) = (one for one in entries if one["act"] == "command.edited")
    assert (entry["actor"], entry["detail"]["fields"]) == ("person:cfo", "email")
    assert run("edit", key, "email=zoe@new.example", "--home", home).returncode == 1


def test_a_selftest_says_what_is_missing_when_nothing_runs(home: Path) -> None:
    found = run("selftest", "--timeout", "1", "--json", "--home", home)
    assert found.returncode == 1
    stages = json.loads(found.stdout)["stages"]
    assert [(stage["stage"], stage["ok"]) for stage in stages] == [
        ("broken", True), ("case", False),
    ]  # fmt: skip
    assert "no engine" in stages[1]["what"]


def test_a_watch_holds_nothing_of_the_web() -> None:
    code = "import sys, tricord.cli.watch; print([m for m in sys.modules if m in sys.argv[1:]])"
    web = ("starlette", "uvicorn", "jinja2", "alembic")
    python = Path(sys.executable)
    found = subprocess.run([python, "-c", code, *web], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
