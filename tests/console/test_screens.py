"""The pages in a real browser: they fit a phone, obey the keyboard, stay live, run no script.

With TRICORD_PICTURES set to a folder, every page is kept there as a picture, in every look.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from console.conftest import HOSTILE, Site, listen
from console.firm import NOW, Client, Town
from console.scenes import NORTHWIND, WEEK
from tricord.store.audit import record_act
from tricord.store.caseload import CaseQuery, listed_cases

PAGES = (
    "/",
    "/accounts",
    "/accounts/acc_northwind",
    "/accounts/acc_hostile",
    "/invoices",
    "/cases",
    "/cases/1",
    "/connections",
    "/deliveries",
    "/deliveries/1",
    "/commands",
    "/commands/1",
    "/commands/1/replay",
    "/audit",
    "/search?q=n",
    "/nothing",
)
LOOKS: tuple[tuple[str, int, Literal["light", "dark"]], ...] = (
    ("light", 1360, "light"),
    ("dark", 1360, "dark"),
    ("tablet", 820, "light"),
    ("phone", 360, "light"),
    ("phone-dark", 360, "dark"),
)
pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look[0])
def test_every_page_fits_its_window_is_readable_and_complains_of_nothing(
    browser: Browser, site: Site, look: tuple[str, int, Literal["light", "dark"]]
) -> None:
    """No sideways scrolling, contrast of 4.5 to 1 (WCAG 2.2, 1.4.3), nothing in the console."""
    name, width, scheme = look
    context = browser.new_context(
        base_url=site.url, color_scheme=scheme, viewport={"width": width, "height": 860}
    )
    site.enter(context)
    shown = context.new_page()
    complaints = listen(shown)
    for path in PAGES:
        shown.goto(path)
        beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert shown.evaluate(beyond) <= 0, path
        assert shown.evaluate(_FAINT) == [], path
        _keep(shown, path, name)
    context.close()
    assert [text for text in complaints if "404" not in text] == []


def _keep(shown: Page, path: str, look: str) -> None:
    folder = os.environ.get("TRICORD_PICTURES")
    if folder:
        called = path.strip("/").replace("/", "_").partition("?")[0] or "today"
        shown.screenshot(path=Path(folder) / f"{called}-{look}.png", full_page=True)


def test_the_keyboard_reaches_content_search_and_reasons(page: Page) -> None:
    page.goto("/accounts/acc_northwind")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.keyboard.press("/")
    page.keyboard.type("dental")
    expect(page.locator("dialog [aria-selected=true] .title")).to_have_text("Lakeside Dental Group")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/acc_lakeside")
    page.locator(".story summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details[open] dd").first.is_visible()


def test_arrows_choose_among_what_was_found(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("HS-10")
    rows = page.locator("dialog li")
    expect(rows.nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(rows.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_g_and_a_letter_go_to_a_page_and_a_question_mark_tells_which(page: Page) -> None:
    page.goto("/")
    for letter, path in (("i", "/invoices"), ("c", "/cases"), ("n", "/connections"), ("t", "/")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(f"**{path}")
    page.keyboard.press("?")
    assert "Search everything" in page.locator("dialog.keys").inner_text()


def test_t21_a_clients_name_is_never_run(page: Page) -> None:
    for path in (
        "/",
        "/accounts",
        "/accounts/acc_hostile",
        "/invoices",
        "/commands",
        "/search?q=img",
    ):
        page.goto(path)
        assert "Harbour Studio" in page.title()
        assert page.locator("img[src=x]").count() == 0
    page.goto("/accounts/acc_hostile")
    assert page.locator("h1").inner_text() == HOSTILE
    page.keyboard.press("/")
    page.keyboard.type("<img")
    expect(page.locator("dialog li .title").first).to_have_text(HOSTILE)


def test_an_open_page_shows_what_happens_within_two_seconds(page: Page, town: Town) -> None:
    page.goto("/")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    assert "Second catalogue" not in page.locator("#main").inner_text()
    page.locator("#health h2 a").focus()
    page.evaluate("window.scrollTo(0, 200)")
    other = Client(
        number=1, name=NORTHWIND.name, person=NORTHWIND.person, email=NORTHWIND.email,
        deal="Second catalogue", amount="12000",
    )  # fmt: skip
    town.now += timedelta(minutes=1)
    town.live("acc_northwind", other.records(2, NOW - WEEK, 2), town.now)
    page.get_by_text("Second catalogue").first.wait_for(timeout=2_000)
    assert page.evaluate("window.scrollY") == 200
    assert page.evaluate("document.activeElement.textContent") == "Connections"


def test_news_does_not_take_away_what_a_person_types(page: Page, town: Town) -> None:
    (case, *_) = town.database.run(lambda tx: listed_cases(tx, CaseQuery(), 1), NOW)
    page.goto(f"/cases/{case.id}")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    page.locator("details.act summary").last.click()
    page.locator("#reason-resolve").fill("the client wrote that")
    town.database.run(lambda tx: record_act(tx, "test.happened", "anything"), town.now)
    page.wait_for_timeout(1_800)
    assert page.locator("#reason-resolve").input_value() == "the client wrote that"


def test_without_scripts_every_page_can_be_read_and_searched(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    site.enter(context)
    shown = context.new_page()
    shown.goto("/")
    shown.locator("#q").fill("dental")
    shown.locator("#q").press("Enter")
    shown.wait_for_url("**/search?q=dental")
    assert "Lakeside Dental Group" in shown.locator(".results").inner_text()
    context.close()


_FAINT = """() => {
  const UNSEEN = ".none, .aside, .skip, title, option";
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
    const shown = element.checkVisibility() && !element.closest(UNSEEN);
    if (!words || !shown) continue;
    const pair = [light(getComputedStyle(element).color), light(ground(element))].sort();
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) faint.push(`${element.className || element.tagName}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(faint)];
}"""
