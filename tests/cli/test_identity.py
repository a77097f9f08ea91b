"""`tricord identity` as a person types it: what it prints, and what it refuses."""

import json
from pathlib import Path

import pytest

from cli.test_commands import run
from core import building as make
from tricord.app.home import Home
from tricord.core.identity import account_id
from tricord.core.ids import Kind
from tricord.core.records import Company, Customer
from tricord.engine.batch import Batch
from tricord.engine.clock import SystemClock
from tricord.engine.homing import see
from tricord.store.database import Tx

OTHER = make.ref(make.CRM, Kind.COMPANY, "9")
STRANGER = make.ref(make.BILLING, Kind.CUSTOMER, "cus_5")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that knows two clients, and a customer who shares a number with one of them."""
    folder = tmp_path / "home"
    assert run("init", "--home", folder).returncode == 0
    home = Home(folder)
    database = home.open_database()
    policy = home.load(offline=True).policy

    def take_in(tx: Tx) -> None:
        batch = Batch(tx=tx, policy=policy, connections={}, worker=0)
        for record in (
            Company(ref=make.COMPANY, version=1, name="Northwind", phone="(212) 555-0100"),
            Company(ref=OTHER, version=1, name="Northwind Trading"),
            Customer(ref=STRANGER, version=1, name="Zebra Mining", phone="+1 212 555 0100"),
        ):
            see(batch, record, "read")

    database.run(take_in, SystemClock().now())
    database.close()
    return folder


def told(*arguments: object, home: Path) -> str:
    found = run("identity", *arguments, "--home", home)
    assert found.returncode == 0, found.stderr
    return found.stdout


def queue(home: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(told("queue", "--json", home=home))["matches"]
    return found


def test_a_match_is_shown_accepted_and_then_nobody_is_in_doubt(home: Path) -> None:
    (match,) = queue(home)
    assert match["record"] == str(STRANGER)
    assert match["account"] == make.ACCOUNT
    assert match["reasons"] == ["the same phone number", "a wholly different name"]
    assert "83%" in told("queue", home=home)
    assert make.ACCOUNT in told("accept", match["id"], "--by", "ana", home=home)
    assert queue(home) == []
    assert "Nobody is in doubt." in told("queue", home=home)
    entries = json.loads(run("log", "--json", "--home", home).stdout)["entries"]
    assert {"identity.accepted", "identity.linked"} <= {
        entry["act"] for entry in entries if entry["actor"] == "person:ana"
    }


def test_a_rejected_match_leaves_the_queue(home: Path) -> None:
    (match,) = queue(home)
    told("reject", match["id"], home=home)
    told("scan", home=home)
    assert queue(home) == []
    assert json.loads(run("cases", "--json", "--home", home).stdout) == {"cases": []}


def test_a_record_is_linked_shown_with_its_lineage_and_unlinked(home: Path) -> None:
    told("link", STRANGER, account_id(OTHER), home=home)
    shown = told("show", account_id(OTHER), home=home)
    assert "Northwind Trading" in shown
    assert "+1 212 555 0100  from billing (stripe:customer:cus_5) since" in shown
    assert "not: Zebra Mining  from billing" in shown
    machine = json.loads(told("show", account_id(OTHER), "--json", home=home))
    assert {link["basis"] for link in machine["links"]} == {"own", "person"}
    assert str(account_id(STRANGER)) in told("unlink", STRANGER, home=home)


def test_two_clients_are_merged_and_apart_again(home: Path) -> None:
    told("merge", make.ACCOUNT, account_id(OTHER), "--reason", "one client", home=home)
    shown = told("show", make.ACCOUNT, home=home)
    assert account_id(OTHER) in shown
    assert "one client" in shown
    told("unmerge", make.ACCOUNT, "--reason", "they are two", home=home)
    shown = told("show", make.ACCOUNT, home=home)
    assert "undone" in shown
    assert shown.startswith("Northwind  ")


def test_what_cannot_be_is_a_plain_problem(home: Path) -> None:
    for arguments, words in (
        (("accept", 99), "no open match has the number 99"),
        (("show", "acc_x"), "there is no account"),
        (("link", "nonsense", make.ACCOUNT), "stripe:customer:cus_1"),
        (("link", STRANGER, "acc_x"), "there is no account acc_x"),
        (("unlink", STRANGER), "no person has linked"),
        (("merge", make.ACCOUNT, make.ACCOUNT, "--reason", "r"), "one account already"),
        (("unmerge", make.ACCOUNT, "--reason", "r"), "is not merged into another"),
    ):
        found = run("identity", *arguments, "--home", home)
        assert found.returncode == 1, arguments
        assert words in found.stderr
        assert "Traceback" not in found.stderr
    assert run("identity", "merge", make.ACCOUNT, OTHER, "--home", home).returncode == 2
