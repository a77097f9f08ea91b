"""The same program on PostgreSQL: the demo's whole story, judged by the vendors' own state."""

import asyncio
from pathlib import Path

import pytest

from tricord.app.demo import running_demo
from tricord.app.home import Home
from tricord.app.story import Story


def test_the_whole_story_holds_on_postgres_as_on_sqlite(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRICORD_DATABASE", postgres_url)

    async def whole() -> None:
        async with running_demo(Home(tmp_path), seed=7) as (hub, stage):
            assert hub.database.engine.dialect.name == "postgresql"
            for step in await Story(hub=hub, stage=stage).play():
                assert step.ok, step

    asyncio.run(whole())
    assert not (tmp_path / "tricord.db").exists()
