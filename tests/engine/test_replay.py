"""Replays: a preview tells what would run and what is over, and a replay doubles nothing."""

from pathlib import Path

from engine.supervising import until
from engine.test_spine import invoices, play, quiet
from tricord.app.demo import Stage
from tricord.app.wiring import Hub
from tricord.core.commands import EffectState
from tricord.engine.clock import SystemClock
from tricord.engine.replaying import (
    Preview,
    preview_command,
    preview_delivery,
    replay_delivery,
)
from tricord.store import deliveries, schema, views
from tricord.store.database import Tx


def _of_delivery(hub: Hub, number: int) -> Preview:
    assert hub.engine is not None
    means = hub.engine.means

    def work(tx: Tx) -> Preview:
        return preview_delivery(tx, means.policy, means.connections, number)

    return hub.database.rehearse(work, SystemClock().now())


def _last(tx: Tx) -> int:
    rows = tx.db.execute(schema.deliveries.select().order_by(schema.deliveries.c.id)).all()
    return int(rows[-1].id)


def test_replaying_every_delivery_yields_no_new_effect_and_says_so(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        await until(lambda: invoices(stage), "the deposit is invoiced")
        await quiet(hub)
        before = await hub.read(lambda tx: views.commands(tx, limit=99))
        counts = await hub.read(deliveries.counts)
        number = await hub.read(_last)
        found = _of_delivery(hub, number)
        assert found.would_run == ()
        assert found.problem == ""
        assert await hub.read(deliveries.counts) == counts, "a preview leaves no trace"
        for one in range(1, number + 1):
            await hub.database.write(
                lambda tx, one=one: replay_delivery(tx, one, "person:ops"),  # type: ignore[misc]
                SystemClock().now(),
            )
        await quiet(hub)
        assert await hub.read(lambda tx: views.commands(tx, limit=99)) == before
        assert len(await invoices(stage)) == 1

    play(tmp_path, story)


def test_the_preview_of_a_command_tells_done_from_what_would_run(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        await until(lambda: invoices(stage), "the deposit is invoiced")
        await quiet(hub)
        rows = await hub.read(lambda tx: views.commands(tx, limit=99))
        (invoice,) = [row for row in rows if row.verb == "create_invoice"]
        found = await hub.read(lambda tx: preview_command(tx, invoice.key))
        assert found.would_run == ()
        (done,) = found.done
        assert (done.state, str(done.money)) == (str(EffectState.DONE), "3,600.00 USD")
        nobody = await hub.read(lambda tx: preview_command(tx, "invoice/none"))
        assert nobody.problem == "there is no such command"
        assert _of_delivery(hub, 10_000).problem == "there is no such delivery"

    play(tmp_path, story)
