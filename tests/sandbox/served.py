"""One box on a socket of its own, in a thread, for clients that block."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tricord.sandbox.box import Box
from tricord.sandbox.serving import start_box

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """A box and where it is. `at` gives the sandbox's address for one at the real vendor."""

    box: Box
    url: str

    def at(self, address: str) -> str:
        return self.url + "/" + address.partition("://")[2].partition("/")[2]

    def state(self) -> Json:
        found: Json = json.loads(self.get("/_sandbox/state"))
        return found

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    def trouble(self, code: str, times: int | None = None) -> int:
        wanted: Json = {"trouble": code} | ({} if times is None else {"times": times})
        status, _, _ = self.post(f"/_sandbox/{self.box.name}", json.dumps(wanted).encode())
        return status

    def post(
        self, path: str, body: bytes, headers: dict[str, str] | None = None
    ) -> tuple[int, str, dict[str, str]]:
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", body, {**kind, **(headers or {})})
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=5) as answer:
                return answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), dict(error.headers)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@contextmanager
def served(box: Box) -> Iterator[Served]:
    started, loop = threading.Event(), asyncio.new_event_loop()
    running: list[Any] = []

    async def begin() -> None:
        running.append(await start_box(box))
        started.set()

    def live() -> None:
        loop.run_until_complete(begin())
        loop.run_forever()
        loop.run_until_complete(running[0].stop())
        loop.close()

    thread = threading.Thread(target=live)
    thread.start()
    started.wait(10)
    try:
        yield Served(box, running[0].base_url)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
