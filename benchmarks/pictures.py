"""Pictures of the console for the documents, taken from the demo firm as it is lived through."""

import asyncio
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tricord.app.demo import FirmClock, running_demo
from tricord.app.firm import Firm
from tricord.app.home import Home
from tricord.app.townsfolk import LONGEST_AGO
from tricord.app.wiring import Hub
from tricord.store import views
from tricord.store.caseload import CaseQuery, listed_cases

WIDE, NARROW = (1360, 900), (390, 844)
LOOKS = {"light": ("today", "account", "case", "invoices"), "dark": ("today",), "phone": ("today",)}


async def main(folder: Path) -> None:
    clock = FirmClock(timedelta(days=LONGEST_AGO))
    with tempfile.TemporaryDirectory(prefix="tricord-pictures-") as home:
        async with running_demo(Home(Path(home)), seed=5, clock=clock) as (hub, stage):
            firm = Firm(hub=hub, stage=stage, clock=clock, tell=_tell)
            await firm.live_through()
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"),
                    args=["--no-sandbox", "--disable-gpu"],
                )
                await _take(browser, hub, folder)
                await browser.close()


async def _take(browser: Browser, hub: Hub, folder: Path) -> None:
    accounts = await hub.read(lambda tx: views.accounts(tx, limit=50))
    busiest = max(accounts, key=lambda row: row.records)
    cases = await hub.read(lambda tx: listed_cases(tx, CaseQuery(kind="refused"), 1))
    places = {"today": "/", "account": f"/accounts/{busiest.id}", "invoices": "/invoices"}
    if cases:
        places["case"] = f"/cases/{cases[0].id}"
    for look, names in LOOKS.items():
        dark, size = look == "dark", NARROW if look == "phone" else WIDE
        context = await browser.new_context(
            base_url=hub.base_url,
            color_scheme="dark" if dark else "light",
            viewport={"width": size[0], "height": size[1]},
        )
        page = await context.new_page()
        await page.goto(await hub.link("ines"))
        for name in names:
            await page.goto(places.get(name, "/"))
            await page.wait_for_timeout(700)
            await page.screenshot(path=folder / f"{name}-{look}.png")
        await context.close()


def _tell(done: int, total: int) -> None:
    print(f"\r{done} of {total}", end="", flush=True)


if __name__ == "__main__":
    root = Path(__file__).parents[1]
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else root / "docs" / "pictures"))
