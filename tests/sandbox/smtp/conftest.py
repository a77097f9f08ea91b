"""A mail box on real sockets, driven with the standard library's SMTP client."""

import asyncio
import json
import smtplib
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest

from tricord.sandbox.box import Settings
from tricord.sandbox.serving import start_box
from tricord.sandbox.smtp import SmtpBox

Json = dict[str, Any]


@dataclass(slots=True)
class Office:
    """The box of one test, its web address, and how to reach its SMTP port."""

    box: SmtpBox
    url: str
    staying: list[smtplib.SMTP] = field(default_factory=list)

    def client(self) -> smtplib.SMTP:
        where = urlsplit(self.box.credentials["url"])
        client = smtplib.SMTP(str(where.hostname), where.port or 0, timeout=5)
        client.login(str(where.username), str(where.password))
        return client

    def send(self, mail: EmailMessage, **more: Any) -> dict[str, tuple[int, bytes]]:
        with self.client() as client:
            return client.send_message(mail, **more)

    def state(self) -> Json:
        read: Json = json.loads(self.page("/_sandbox/state"))
        return read

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    def let(self, fault: str, **more: Any) -> None:
        """Switches a fault on, beside those that are on."""
        data = json.dumps({"add": [{"fault": fault, **more}]}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_sandbox/faults", data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=5):
            """Taken: anything but a 200 has raised."""

    def do(self, path: str, **fields: Any) -> Json:
        """What a person does at the other end, and the answer to it."""
        status, told = self._post(path, fields)
        assert status == 200, told
        return told

    def status(self, path: str, **fields: Any) -> int:
        return self._post(path, fields)[0]

    def _post(self, path: str, fields: Json) -> tuple[int, Json]:
        headers = {"Content-Type": "application/json"}
        url, data = f"{self.url}/_sandbox/{path}", json.dumps(fields).encode()
        request = urllib.request.Request(url, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


def mail_to(
    *people: str, subject: str = "Your invoice", text: str = "Hello", **headers: str
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Firm <billing@firm.example>"
    mail["To"] = ", ".join(people)
    mail["Subject"] = subject
    mail["Message-ID"] = "<one@firm.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


@pytest.fixture
def office() -> Iterator[Office]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)

    box = SmtpBox(Settings(clock=lambda: datetime(2026, 3, 1, 9, 30, tzinfo=UTC), seed=7))
    running = run(start_box(box))
    office = Office(box=box, url=running.base_url)
    try:
        yield office
    finally:
        run(running.stop())
        for client in office.staying:
            client.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
