"""Nothing leaves before go-live is signed: three locks, the rehearsal, and the signature."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.building import NOW, policy
from engine.past import Past, past
from engine.supervising import until
from tricord.app.backfilling import Asked, backfilling
from tricord.app.connecting import connections_of
from tricord.app.going_live import Consent, sign
from tricord.app.wiring import running_hub
from tricord.connectors.stripe.connector import CONNECTOR as STRIPE
from tricord.core.commands import Because, CreateCustomer, EffectState, Priority
from tricord.core.ids import AccountId, ConnectionName, Kind
from tricord.engine import acting
from tricord.engine.batch import Batch
from tricord.engine.connection import Connection
from tricord.engine.wire import ReadOnlySender
from tricord.sdk.connector import Access
from tricord.sdk.errors import TryAgain
from tricord.sdk.talk import Mail, Request, Response, Wire, get, post_form
from tricord.store import audit, commands, imports, mirror, modes, views
from tricord.store.database import Database, Tx
from tricord.store.modes import Mode

TRICORD = Path(sys.executable).with_name("tricord")
BILLING, HUBSPOT = ConnectionName("stripe"), ConnectionName("hubspot")
CONNECTION = Connection(connector=STRIPE, access=Access(connection=BILLING), base_url="http://x")
ACCOUNT = AccountId("acc_0123456789abcdef0123")
COMMAND = CreateCustomer(
    key=f"customer/{ACCOUNT}/1",
    connection=BILLING,
    account=ACCOUNT,
    because=Because(rule="test", policy="p"),
    name="Firm",
    email="robin@firm.example",
)


def with_a_command(tx: Tx, mode: Mode) -> None:
    mirror.ensure_account(tx, ACCOUNT)
    commands.add(tx, ACCOUNT, COMMAND, EffectState.READY, tx.now)
    modes.enter(tx, mode)


@pytest.mark.parametrize("mode", list(Mode))
def test_invariant_10_a_command_that_is_ready_is_taken_in_a_live_home_alone(
    database: Database, mode: Mode
) -> None:
    def taken(tx: Tx) -> int:
        batch = Batch(tx, policy(), {BILLING: CONNECTION}, 1)
        return len(acting.claim(batch, [BILLING], None, 10))

    database.run(lambda tx: with_a_command(tx, mode), NOW)
    assert database.run(taken, NOW) == (1 if mode is Mode.LIVE else 0)


class Recording:
    """A wire that leads nowhere and remembers what was put on it."""

    def __init__(self) -> None:
        self.sent: list[Wire] = []

    async def send(
        self, connection: Connection, wire: Wire, priority: Priority = Priority.NEWS
    ) -> Response:
        self.sent.append(wire)
        return Response(status=200)


def test_invariant_10_the_wire_carries_reads_alone_while_it_is_closed() -> None:
    inner, closed = Recording(), [True]
    sender = ReadOnlySender(inner, lambda: closed[0])
    write: list[Wire] = [
        post_form("/v1/customers", [], key="k"),
        Request(method="DELETE", path="/v1/customers/1", writes=True),
        Mail(sender="a@x.example", recipient="b@x.example", content=b""),
    ]

    async def all_of(wires: list[Wire]) -> None:
        for wire in wires:
            await sender.send(CONNECTION, wire)

    for one in write:
        with pytest.raises(TryAgain, match="before go-live"):
            asyncio.run(all_of([one]))
    assert inner.sent == []
    asyncio.run(all_of([get("/v1/customers")]))
    closed[0] = False
    asyncio.run(all_of(write))
    assert len(inner.sent) == 4


Play = Callable[[Past], Awaitable[None]]


def play(folder: Path, story: Play, clients: int = 12) -> None:
    async def whole() -> None:
        async with past(folder, clients) as made:
            await story(made)

    asyncio.run(whole())


async def imported(made: Past) -> None:
    async with backfilling(made.home, Asked()) as importing:
        await importing.run()


async def tricord(made: Past, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [TRICORD, "--home", str(made.home.path), *arguments],
            capture_output=True, text=True, input=stdin, timeout=120, check=False,
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent",
                 "TRICORD_DATABASE": made.home.database_url},
        )  # fmt: skip

    return await asyncio.to_thread(run)


async def shown(made: Past, *arguments: str) -> dict[str, Any]:
    answer = await tricord(made, "go-live", "--json", *arguments)
    assert answer.stdout, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


SIGN = ("--yes", "--sign", "Harbour Studio", "--by", "olga")


def test_invariant_10_the_second_lock_holds_where_the_first_is_lifted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(made: Past) -> None:
        await imported(made)
        made.look(lambda tx: with_a_command(tx, Mode.REHEARSING))
        unlocked = SimpleNamespace(mode_of=lambda _: Mode.LIVE)
        monkeypatch.setattr(acting, "modes", unlocked)
        async with running_hub(made.home) as hub:

            async def attempted() -> bool:
                rows = await hub.read(lambda tx: views.commands(tx, limit=9))
                return bool(rows and rows[0].attempts)

            await until(attempted, "the command is taken")
            await asyncio.sleep(1)
        assert made.writes() == {}

    play(tmp_path, story)


def test_invariant_10_a_live_home_does_nothing_about_what_was_before_go_live(
    tmp_path: Path,
) -> None:
    async def story(made: Past) -> None:
        await imported(made)
        found = await shown(made, *SIGN)
        assert found["live"]
        assert found["commands"] == []
        assert found["left_alone"]["deals"] == 9
        async with running_hub(made.home) as hub:

            async def decided() -> bool:
                return not await hub.read(lambda tx: mirror.due_accounts(tx, None, 1))

            await until(decided, "every account is decided")
            await asyncio.sleep(1)
            assert await hub.read(lambda tx: views.commands(tx, limit=9)) == []
        assert made.writes() == {}

    play(tmp_path, story)


async def _signed_deal(made: Past) -> str:
    """A deal of the time since go-live, with a client whom the billing engine does not know."""
    deal = await made.stage.new_deal(0)
    await made.stage.move(deal, "contractsigned")
    return deal


def test_go_live_shows_what_happens_then_and_nothing_else_happens(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        await _signed_deal(made)
        await imported(made)
        found = await shown(made)
        assert not found["live"]
        verbs = {one["verb"]: one for one in found["commands"]}
        assert set(verbs) == {"create_customer", "create_invoice"}
        assert verbs["create_invoice"]["money"] == "3,600.00 USD"
        assert made.writes() == {}
        assert made.look(modes.mode_of) is Mode.REHEARSING
        assert made.look(lambda tx: views.commands(tx, limit=9)) == []
        signed = await shown(made, *SIGN)
        assert (signed["live"], signed["digest"]) == (True, found["digest"])
        async with running_hub(made.home):

            async def sent() -> bool:
                return len(made.stripe.account.emails) == 1

            await until(sent, "the deposit is invoiced")
        new = made.stripe.account.newest_first("invoice")[0]
        assert (new["total"], new["status"]) == (360000, "open")
        assert len(made.there()[Kind.INVOICE]) == 13
        keys = {row.key for row in made.look(lambda tx: views.commands(tx, limit=99))}
        assert keys >= {one["key"] for one in found["commands"]}

    play(tmp_path, story)


def test_a_signature_is_kept_with_who_when_policy_and_what_was_shown(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        await imported(made)
        wrong = await tricord(made, "go-live", "--yes", "--sign", "Harbor Studio")
        assert (wrong.returncode, "not signed" in wrong.stderr) == (1, True)
        assert made.look(modes.mode_of) is Mode.REHEARSING
        typed = await tricord(made, "go-live", "--by", "olga", stdin="Harbour Studio\n")
        assert typed.returncode == 0, typed.stderr
        assert "Harbour Studio is live" in typed.stdout
        kept = made.look(modes.signature_of)
        assert kept is not None
        assert (kept.by, kept.firm) == ("person:olga", "Harbour Studio")
        entry = next(e for e in made.look(audit.entries) if e["act"] == "home.went_live")
        assert entry["actor"] == "person:olga"
        detail = entry["detail"]
        assert detail == {"commands": 0, "digest": kept.digest, "policy": kept.policy}
        again = await tricord(made, "go-live", *SIGN)
        assert (again.returncode, "live already" in again.stderr) == (1, True)

    play(tmp_path, story)


def _sign(made: Past, tx: Tx, digest: str) -> bool:
    loaded = made.home.load()
    connections = {one.name: one for one in connections_of(loaded)}
    consent = Consent(by="person:olga", firm="Harbour Studio", digest=digest)
    return sign(tx, loaded.policy, connections, consent)[0]


def test_a_change_between_showing_and_signing_is_shown_again(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        await imported(made)
        before = await shown(made)
        await _signed_deal(made)
        async with running_hub(made.home) as hub:

            async def seen() -> bool:
                found = await hub.read(lambda tx: imports.ids_of(tx, HUBSPOT, Kind.DEAL))
                return len(found) == 13

            await until(seen, "the poll has brought the deal")
        stale = made.look(lambda tx: _sign(made, tx, before["digest"]))
        assert not stale
        assert made.look(modes.mode_of) is Mode.REHEARSING
        after = await shown(made)
        assert after["digest"] != before["digest"]
        assert made.look(lambda tx: _sign(made, tx, after["digest"]))
        assert made.look(modes.mode_of) is Mode.LIVE

    play(tmp_path, story)


def test_go_live_is_refused_before_the_import_has_ended_and_while_it_differs(
    tmp_path: Path,
) -> None:
    async def story(made: Past) -> None:
        nothing = await tricord(made, "go-live", *SIGN)
        assert (nothing.returncode, "nothing was imported" in nothing.stderr) == (1, True)
        async with backfilling(made.home, Asked()) as importing:
            unfinished = await tricord(made, "go-live", *SIGN)
            assert unfinished.returncode == 1
            assert "tricord backfill" in unfinished.stderr
            await importing.run()
        made.look(_differ)
        differs = await tricord(made, "go-live", *SIGN)
        assert (differs.returncode, "one is missing" in differs.stderr) == (1, True)
        reason = ("--accept-difference", "deleted in May")
        found = await shown(made, *SIGN, *reason)
        assert found["live"]
        entry = next(e for e in made.look(audit.entries) if e["act"] == "import.accepted")
        assert (entry["subject"], entry["detail"]) == ("stripe customer", {"reason": reason[1]})

    play(tmp_path, story)


def _differ(tx: Tx) -> None:
    one = next(one for one in imports.every(tx) if one.kind is Kind.CUSTOMER)
    imports.finish(tx, one, imports.ImportState.DIFFERS, 11, "one is missing")
