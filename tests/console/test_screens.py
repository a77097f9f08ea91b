"""The pages in a real browser: they fit a phone, obey the keyboard, and run no client's code."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Iterator
from typing import Literal

import pytest
import uvicorn
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from console.browsing import application, desk_of
from console.firm import NOW, Client, Town, open_town
from console.scenes import NORTHWIND, WEEK, fill

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGES = (
    "/",
    "/accounts",
    "/accounts/acc_northwind",
    "/invoices",
    "/cases",
    "/commands",
    "/commands/1",
)
HOSTILE = '<img src=x onerror="document.title=1"><script>alert(1)</script>'
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = open_town(tmp_path_factory.mktemp("firm"))
    fill(made)
    client = Client(
        number=9, name=HOSTILE, person=HOSTILE, email="x@x.example", deal=HOSTILE, amount="900"
    )
    made.live("acc_hostile", client.records(2, NOW - WEEK), NOW)
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def address(town: Town) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application(desk_of(town)), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
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


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that must end without a word in its console and without a dialog."""
    complaints: list[str] = []

    def complain(dialog: Dialog) -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    shown = browser.new_page()
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on("dialog", complain)
    yield shown
    shown.close()
    assert complaints == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_page_is_wider_than_its_window(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in (*PAGES, "/accounts/acc_hostile"):
        page.goto(address + path)
        beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(beyond) <= 0, path


def test_the_keyboard_reaches_content_search_and_reasons(page: Page, address: str) -> None:
    page.goto(f"{address}/accounts/acc_northwind")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("dental")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts?q=dental")
    assert page.locator("tbody tr").count() == 1
    page.goto(f"{address}/accounts/acc_northwind")
    page.locator("details summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details[open] dd").first.is_visible()


def test_t21_a_clients_name_is_never_run(page: Page, address: str) -> None:
    for path in ("/", "/accounts", "/accounts/acc_hostile", "/invoices", "/commands"):
        page.goto(address + path)
        assert "Harbour Studio" in page.title()
        assert page.locator("img[src=x]").count() == 0
    page.goto(f"{address}/accounts/acc_hostile")
    assert page.locator("h1").inner_text() == HOSTILE


def test_today_keeps_itself_up_to_date(page: Page, address: str, town: Town) -> None:
    page.clock.install()
    page.goto(address)
    assert "Second catalogue" not in page.locator("#main").inner_text()
    other = Client(
        number=1, name=NORTHWIND.name, person=NORTHWIND.person, email=NORTHWIND.email,
        deal="Second catalogue", amount="12000",
    )  # fmt: skip
    town.live("acc_northwind", other.records(2, NOW - WEEK, 2), NOW)
    page.clock.run_for(16_000)
    page.get_by_text("Second catalogue").first.wait_for(timeout=5_000)


def test_text_stands_out_from_its_ground_in_light_and_dark(browser: Browser, address: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for every small text that is shown."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        shown = browser.new_page(color_scheme=scheme)
        for path in ("/", "/accounts/acc_brightwater", "/invoices", "/commands"):
            shown.goto(address + path)
            assert shown.evaluate(_FAINT) == [], (scheme, path)
        shown.close()


_FAINT = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const part = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    const [red, green, blue] = numbers(color).map(part);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (numbers(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim() > "");
    const shown = element.checkVisibility() && !element.closest(".none, .aside, .skip, title");
    if (!words || !shown) continue;
    const pair = [light(getComputedStyle(element).color), light(ground(element))].sort();
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) faint.push(`${element.className || element.tagName}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(faint)];
}"""
