"""Entering a vendor's account by OAuth, against the consent page and tokens of HubSpot's box."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from engine.supervising import until
from tricord.app.consent import ConsentFailed, connect
from tricord.app.demo import Stage, demo_policy, demo_secrets, running_stage
from tricord.app.home import Home
from tricord.app.wiring import running_hub
from tricord.core.ids import ConnectionName
from tricord.engine.clock import SystemClock
from tricord.store import grants

HUBSPOT = ConnectionName("hubspot")


async def _home(folder: Path, stage: Stage) -> Home:
    """A firm whose HubSpot is entered by an app of its own instead of a token."""
    async with stage.session.get(f"{stage.url('hubspot')}/_sandbox/oauth") as answer:
        app = await answer.json()
    home = Home(folder)
    home.make()
    keys = "client_id: ${HUBSPOT_ID}, client_secret: ${HUBSPOT_APP_SECRET}"
    text = demo_policy(stage, "2 seconds").replace("token: ${HUBSPOT_TOKEN}", keys)
    home.policy_path.write_text(text)
    home.secrets_path.touch(mode=0o600)
    own = f"HUBSPOT_ID={app['client_id']}\nHUBSPOT_APP_SECRET={app['client_secret']}\n"
    home.secrets_path.write_text(demo_secrets(stage) + own)
    return home


async def _consent(home: Home, stage: Stage, answer: str, *, forge: str = "") -> None:
    """`tricord connect`, with somebody at the browser; `forge` is a state that is not ours."""
    told: asyncio.Queue[str] = asyncio.Queue()

    async def browse() -> None:
        query = urlsplit(await told.get()).query
        path = f"{stage.url('hubspot')}/_sandbox/oauth/authorize?auto={answer}&{query}"
        async with stage.session.get(path, allow_redirects=False) as given:
            back = given.headers["Location"]
        if forge:
            url = back.partition("?")[0]
            async with stage.session.get(f"{url}?code=stolen&state={forge}") as refused:
                assert refused.status == 400
        async with stage.session.get(back) as shown:
            assert "Tricord" in await shown.text()

    at_the_browser = asyncio.create_task(browse())
    try:
        await connect(home, "hubspot", 0, told.put_nowait, 20)
    finally:
        await at_the_browser


def test_t10_consent_lets_the_hub_in_and_a_code_with_another_state_does_not(
    tmp_path: Path,
) -> None:
    async def whole() -> None:
        async with running_stage(None, seed=7) as stage:
            home = await _home(tmp_path, stage)
            with pytest.raises(ConsentFailed, match="consent was not given"):
                await _consent(home, stage, "deny")
            await _consent(home, stage, "allow", forge="another")
            async with running_hub(home):
                deal = await stage.new_deal(0)
                await stage.move(deal, "contractsigned")
                await until(lambda: _invoiced(stage), "the deposit is invoiced by polling")

    asyncio.run(whole())


def test_t11_a_refused_token_is_bought_anew_once_and_rotation_locks_nobody_out(
    tmp_path: Path,
) -> None:
    async def whole() -> None:
        async with running_stage(None, seed=7) as stage:
            home = await _home(tmp_path, stage)
            await _consent(home, stage, "allow")
            await stage.act("hubspot", "faults", set=[{"fault": "rotated_token"}])
            async with running_hub(home) as hub:
                clock = SystemClock()
                before = await hub.database.read(lambda tx: grants.held(tx, HUBSPOT), clock.now())
                assert before is not None
                await stage.act("hubspot", "faults", add=[{"fault": "expired_token", "next": 1}])
                deal = await stage.new_deal(0)
                await stage.move(deal, "contractsigned")
                await until(lambda: _invoiced(stage), "the deposit is invoiced all the same")
                after = await hub.database.read(lambda tx: grants.held(tx, HUBSPOT), clock.now())
                assert after is not None
                assert after.version == before.version + 1, "many calls, one purchase"
                assert after.grant.refresh_token != before.grant.refresh_token

    asyncio.run(whole())


async def _invoiced(stage: Stage) -> bool:
    return len((await stage.state("stripe"))["sent_emails"]) == 1
