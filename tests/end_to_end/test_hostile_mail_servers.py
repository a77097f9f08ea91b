"""Mail servers that mean no good: none can make a look into a mailbox wait or swell."""

import contextlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from end_to_end.mail_talks import inbox, look, messages
from tricord.engine import mailboxes
from tricord.sdk.errors import AccessLost, PayloadMalformed, TricordError, TryAgain


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
