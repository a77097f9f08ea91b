"""The entrance: a running hub's link, a fresh one from another process, and what has no door."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from tricord.app.entrance import address_of
from tricord.app.home import Home
from tricord.app.wiring import running_hub
from tricord.engine.clock import SystemClock
from tricord.store import audit

TRICORD = Path(sys.executable).with_name("tricord")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TRICORD, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8765"),
        ("0.0.0.0", "http://127.0.0.1:8765"),
        ("::", "http://127.0.0.1:8765"),
        ("::1", "http://[::1]:8765"),
        ("10.0.0.5", "http://10.0.0.5:8765"),
        ("hub.harbour.example", "http://hub.harbour.example:8765"),
    ],
)
def test_an_address_is_one_that_a_browser_here_can_open(host: str, address: str) -> None:
    assert address_of(host, 8765) == address


def test_links_open_a_running_hub_and_health_needs_none(tmp_path: Path) -> None:
    async def scene() -> None:
        home = Home(tmp_path / "home")
        async with (
            running_hub(home) as hub,
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as outside,
        ):
            async with outside.get(hub.base_url) as page:
                assert page.status == 401
                assert "tricord link" in await page.text()
            async with outside.get(f"{hub.base_url}/healthz") as answer:
                assert answer.status == 200
            async with outside.get(f"{hub.base_url}/readyz") as answer:
                assert answer.status == 200
            made = await asyncio.to_thread(
                run, "link", "--json", "--by", "ines", "--home", str(home.path)
            )
            told = json.loads(made.stdout)
            assert told["person"] == "ines"
            assert told["open"].startswith(f"{hub.base_url}/enter?ticket=")
            async with outside.get(told["open"]) as page:
                assert (page.status, str(page.url)) == (200, f"{hub.base_url}/")
                assert "There is no policy yet" in await page.text()
            async with outside.get(f"{hub.base_url}/") as page:
                assert page.status == 200
            acts = await hub.read(audit.entries)
            assert ("person:ines", "console.entered") in [(e["actor"], e["act"]) for e in acts]

    asyncio.run(scene())


def test_a_home_without_a_console_says_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.open_database().close()
    found = run("link", "--home", str(home.path))
    assert found.returncode == 1
    assert "tricord up" in found.stderr
    url = "https://hub.harbour.example/"
    elsewhere = run("link", "--home", str(home.path), "--url", url)
    assert "https://hub.harbour.example/enter?ticket=" in elsewhere.stdout


def test_a_hub_stops_at_once_although_a_page_listens(tmp_path: Path) -> None:
    async def scene() -> float:
        home = Home(tmp_path / "home")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            async with running_hub(home) as hub:
                async with session.get(await hub.link("ines")):
                    pass
                listening = await session.get(f"{hub.base_url}/live?since=x")
                assert listening.status == 200
                assert listening.content_type == "text/event-stream"
                assert (await listening.content.readline()).startswith(b"retry:")
                start = SystemClock().now()
            listening.close()
            return (SystemClock().now() - start).total_seconds()

    assert asyncio.run(scene()) < 3
