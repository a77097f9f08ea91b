"""A mailbox beside the hub: read once, answered never, and no server can make it wait or swell."""

import asyncio
import contextlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.mail_talks import inbox, look, messages
from engine.supervising import until
from engine.test_spine import invoices, quiet
from tricord.app.demo import Stage, demo_policy, demo_secrets, running_stage
from tricord.app.home import Home
from tricord.app.wiring import Hub, free_port, running_hub
from tricord.engine import mailboxes
from tricord.sdk.errors import AccessLost, PayloadMalformed, TricordError, TryAgain
from tricord.store.database import Tx
from tricord.store.schema import deliveries

Play = Callable[[Hub, Stage], Awaitable[None]]
ADDRESS = '"billing@harbour.example, harbour.example"'


def with_mailbox(stage: Stage) -> str:
    inbox = f"  inbox: {{connector: imap, url: ${{IMAP_URL}}, address: {ADDRESS}, poll: 1 second}}"
    return demo_policy(stage, "1 second").replace("\nroles:", f"\n{inbox}\nroles:", 1)


def play(folder: Path, story: Play) -> None:
    async def whole() -> None:
        home, port = Home(folder), free_port()
        async with running_stage(f"http://127.0.0.1:{port}", seed=7) as stage:
            home.make()
            home.policy_path.write_text(with_mailbox(stage))
            home.secrets_path.touch(mode=0o600)
            url = stage.boxes["smtp"].box.credentials["imap_url"]
            home.secrets_path.write_text(f"{demo_secrets(stage)}IMAP_URL={url}\n")
            async with running_hub(home, port=port) as hub:
                await story(hub, stage)

    asyncio.run(whole())


async def mail(stage: Stage) -> dict[str, Any]:
    return await stage.state("smtp")


async def paid(hub: Hub, stage: Stage) -> None:
    """A client has paid, and has got a receipt and a thank-you."""
    deal = await stage.new_deal(0)
    await stage.move(deal, "contractsigned")
    (one,) = await until(lambda: invoices(stage), "the deposit is invoiced")
    await stage.act("stripe", f"invoices/{one['id']}/pay")

    async def sent() -> bool:
        return len((await mail(stage))["messages"]) >= 2

    await until(sent, "receipt and thank-you have left")


def _kept(tx: Tx) -> int:
    """Mails stored, waiting or read."""
    query = select(func.count()).where(deliveries.c.connection == "inbox")
    return int(tx.db.execute(query).scalar_one())


async def read_of(hub: Hub, stage: Stage) -> int:
    """How many mails the hub holds, once it has read all there are."""

    async def all_read() -> int:
        folders = (await mail(stage))["folders"]
        kept = await hub.read(_kept)
        return kept if kept >= folders["INBOX"] + folders["Sent"] else 0

    found: int = await until(all_read, "every mail is read")
    await quiet(hub)
    return found


def test_t24_an_auto_responder_that_answers_everything_gets_at_most_one_message(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await stage.act("smtp", "addresses", address="ana@northwind.example", away="I am away.")
        await paid(hub, stage)
        for _ in range(3):
            assert await read_of(hub, stage) == 4
            await asyncio.sleep(1.1)
        held = await mail(stage)
        subjects = [one["subject"].split(" for ")[0] for one in held["messages"]]
        assert sorted(subjects) == ["Receipt", "Thank you from Harbour Studio"]
        assert len(held["inbox"]) == 2, "each notice is an answer, and none was answered"
        assert held["duplicates"] == {}

    play(tmp_path, story)


def test_a_mailbox_is_read_once_also_when_it_is_numbered_anew(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        for number in range(3):
            await stage.act("smtp", "mails", **{"from": f"a{number}@x.example", "text": "Hello"})
        assert await read_of(hub, stage) == 3
        await stage.act("smtp", "mailbox", renumber=True)
        await stage.act("smtp", "mails", **{"from": "b@x.example", "text": "Hello"})
        assert await read_of(hub, stage) == 4
        await asyncio.sleep(1.2)
        assert await read_of(hub, stage) == 4
        assert (await mail(stage))["unseen"] == 4, "nothing is marked as read"

    play(tmp_path, story)


def test_nobody_can_push_a_mail_in_from_outside(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        url = f"{hub.base_url}/hooks/inbox"
        async with stage.session.post(url, data=b"From: ana@northwind.example\r\n\r\nx") as answer:
            assert answer.status == 404

    play(tmp_path, story)


# Servers that mean no good


@contextlib.contextmanager
def server(talk: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Iterator[str]:
    """A server that says what `talk` says to each client, and the URL of the mailbox there."""
    listener = socket.create_server((host, 0))
    listener.settimeout(0.1)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError):
                client, _ = listener.accept()
                with client:
                    talk(client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"imap://a:b@{host}:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.close()
        thread.join(5)


def scripted(*answers: bytes, then: bytes = b"", repeat: int = 0) -> Callable[[Any], None]:
    """Greets, gives one answer to each command, `{tag}` filled in, and ends with `then`."""

    def talk(client: socket.socket) -> None:
        client.sendall(b"* OK hello\r\n")
        lines, left = client.makefile("rb"), list(answers)
        for line in lines:
            tag, name = line.split()[:2]
            if name == b"CAPABILITY":
                client.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
            elif left:
                client.sendall(left.pop(0).replace(b"{tag}", tag))
            else:
                break
        for _ in range(repeat):
            client.sendall(then)

    return talk


LOGGED_IN = b"{tag} OK in\r\n"
OPENED = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 9] x\r\n{tag} OK [READ-ONLY] x\r\n"
FOUND = b"* SEARCH 8\r\n{tag} OK done\r\n"


def outcome(url: str) -> TricordError:
    with pytest.raises(TricordError) as told:
        look(inbox(url, folders="INBOX"))
    assert ":b@" not in told.value.detail
    return told.value


@pytest.mark.parametrize(
    "answers",
    [
        (),
        (b"nonsense\r\n",),
        (LOGGED_IN, b"* 99999999999999999999 EXISTS\r\n{tag} OK\r\n"),
        (LOGGED_IN, b"* OK [UIDVALIDITY soon] x\r\n{tag} OK x\r\n"),
        (LOGGED_IN, OPENED, b"* SEARCH eight\r\n{tag} OK done\r\n"),
        (LOGGED_IN, OPENED, FOUND, b"* 1 FETCH (UID 8 BODY[]<0> {5}\r\nab"),
        (LOGGED_IN, OPENED, FOUND, b"* 1 FETCH ((((\r\n{tag} OK done\r\n"),
    ],
)
def test_t08_a_server_that_talks_nonsense_or_breaks_off_is_tried_again(
    answers: tuple[bytes, ...],
) -> None:
    with server(scripted(*answers)) as url:
        assert isinstance(outcome(url), TryAgain)


def test_a_mail_that_the_server_cannot_give_is_set_aside_and_not_passed_over() -> None:
    empty = b"* 1 FETCH (UID 8 BODY[]<0> NIL)\r\n{tag} OK done\r\n"
    with server(scripted(LOGGED_IN, OPENED, FOUND, empty)) as url:
        box = inbox(url, folders="INBOX")
        changes = look(box)
    assert [one.id for one in changes.missed] == ["INBOX/1/8"]
    with pytest.raises(PayloadMalformed):
        messages(box, changes)


def test_t08_a_mail_announced_as_endless_is_not_waited_for() -> None:
    endless = b"* 1 FETCH (UID 8 BODY[]<0> {999999999999}\r\n"
    tracemalloc.start()
    with server(scripted(LOGGED_IN, OPENED, FOUND, endless, then=b"x" * 9, repeat=9)) as url:
        started = time.monotonic()
        assert isinstance(outcome(url), TryAgain)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.monotonic() - started < 5
    assert most < 64 * 1024 * 1024


def test_t08_a_server_that_never_stops_talking_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailboxes, "LOOK_SECONDS", 1.0)
    chatter = b"* 1 EXISTS\r\n" * 500

    def talk(client: socket.socket) -> None:
        client.sendall(b"* OK [CAPABILITY IMAP4rev1] hello\r\n")
        with contextlib.suppress(OSError):
            while True:
                client.sendall(chatter)

    with server(talk) as url:
        started = time.monotonic()
        assert isinstance(outcome(url), TryAgain)
    assert time.monotonic() - started < 15


def test_a_login_that_is_refused_is_lost_access_and_a_busy_server_is_not() -> None:
    for code, kind in ((b"[AUTHENTICATIONFAILED]", AccessLost), (b"", AccessLost),
                       (b"[UNAVAILABLE]", TryAgain), (b"[INUSE]", TryAgain)):  # fmt: skip
        with server(scripted(b"{tag} NO " + code + b" sorry\r\n")) as url:
            assert isinstance(outcome(url), kind)
    with server(scripted()) as url:
        assert isinstance(outcome(url), TryAgain)


def test_t09_a_password_goes_unencrypted_to_this_machine_alone() -> None:
    said: list[bytes] = []

    def talk(client: socket.socket) -> None:
        client.sendall(b"* OK hello\r\n")
        with contextlib.suppress(OSError):
            for line in client.makefile("rb"):
                said.append(line)
                tag = line.split()[0]
                client.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")

    # An address that is not one of those by which a machine is sure to mean itself.
    with server(talk, "127.0.0.2") as url:
        assert isinstance(outcome(url), AccessLost)
    assert any(b"CAPABILITY" in line for line in said)
    assert not any(b"LOGIN" in line for line in said)
