"""A backfill as its own process, that ends itself with SIGKILL at the nth passing of a point."""

import asyncio
import os
from pathlib import Path

from engine.dying_hub import DyingSender, Spot
from tricord.app.backfilling import Asked, backfilling
from tricord.app.home import Home
from tricord.engine.wire import NetworkSender


async def main(home: Path, point: str, nth: int) -> None:
    spot = Spot(point, nth)
    async with NetworkSender() as inner:
        sender = DyingSender(inner, spot)
        async with backfilling(Home(home), Asked(), sender=sender, crash_point=spot) as importing:
            await importing.run()


def live(home: str, point: str, nth: int, database: str) -> None:
    """The whole life of the process. It was forked before the test chose its database."""
    os.environ["TRICORD_DATABASE"] = database
    asyncio.run(main(Path(home), point, nth))
