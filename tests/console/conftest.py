"""A console on a socket over the small firm, and a browser that has entered it."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, sync_playwright
from starlette.applications import Starlette

from console.browsing import application, desk_of
from console.firm import NOW, Client, Town, open_town
from console.scenes import WEEK, fill

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = '<img src=x onerror="document.title=1"><script>alert(1)</script>'


@dataclass
class Site:
    """A console that answers at `url`."""

    url: str
    app: Starlette
    town: Town

    def enter(self, context: BrowserContext) -> None:
        """Give the browser the session that the application was made with."""
        name, _, value = self.app.state.cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": self.url}])


def serve(town: Town) -> Iterator[Site]:
    listener = socket.create_server(("127.0.0.1", 0))
    app = application(desk_of(town))
    config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    yield Site(url=f"http://127.0.0.1:{listener.getsockname()[1]}", app=app, town=town)
    app.state.console.close()
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The small firm, with a client whose every text is hostile."""
    made = open_town(tmp_path_factory.mktemp("firm"))
    fill(made)
    client = Client(
        number=9, name=HOSTILE, person=HOSTILE, email="x@x.example", deal=HOSTILE, amount="900"
    )
    made.live("acc_hostile", client.records(2, NOW - WEEK), NOW)
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def site(town: Town) -> Iterator[Site]:
    yield from serve(town)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module: while it is open its thread lives in an event loop."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
            ],
        )
        yield opened
        opened.close()


def listen(page: Page) -> list[str]:
    """What the page complains of: in its console, as errors, as dialogs."""
    complaints: list[str] = []

    def complain(dialog: Dialog) -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", complain)
    return complaints


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page inside that must end without a word in its console and without a dialog."""
    context = browser.new_context(base_url=site.url)
    site.enter(context)
    shown = context.new_page()
    complaints = listen(shown)
    yield shown
    context.close()
    assert complaints == []
