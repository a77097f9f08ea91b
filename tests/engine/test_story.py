"""The demo's whole story, judged by the vendors' own state, on either store."""

import asyncio
from pathlib import Path

from tricord.app.demo import running_demo
from tricord.app.home import Home
from tricord.app.story import Story


def test_the_whole_story_holds(tmp_path: Path, store: str) -> None:
    async def whole() -> None:
        async with running_demo(Home(tmp_path), seed=7) as (hub, stage):
            embedded = hub.database.engine.dialect.name == "sqlite"
            assert embedded == (store == "sqlite")
            for step in await Story(hub=hub, stage=stage).play():
                assert step.ok, step

    asyncio.run(whole())
    assert (tmp_path / "tricord.db").exists() == (store == "sqlite")
