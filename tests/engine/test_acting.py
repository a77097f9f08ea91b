"""Acting: an attempt that was given up for lost, and then turns out to have succeeded."""

import random

from core import building as make
from core.building import NOW
from tricord.app.registry import all_connectors
from tricord.core.commands import EffectState, SendMessage, because
from tricord.engine import acting
from tricord.engine.batch import Batch
from tricord.engine.connection import Connection
from tricord.engine.results import Tried
from tricord.sdk.connector import Access
from tricord.sdk.talk import Done
from tricord.store import commands, mirror, views
from tricord.store.database import Database, Tx

MAIL = Connection(
    connector=all_connectors()["smtp"], access=Access(connection=make.MAIL), base_url=""
)
RECEIPT = SendMessage(
    key="message/receipt/stripe:invoice:in_1",
    connection=make.MAIL,
    account=make.ACCOUNT,
    because=because("follow_up/receipt", "p1"),
    template="receipt",
    recipient="ana@northwind.example",
    recipient_name="Ana",
    subject="Receipt",
    body="Thank you.",
    about=make.DEAL,
    at=NOW,
)


def test_t14_a_mail_whose_worker_was_taken_for_dead_is_nobodys_case_once_it_reports(
    database: Database,
) -> None:
    def take(tx: Tx) -> commands.Claimed:
        mirror.ensure_account(tx, make.ACCOUNT)
        commands.add(tx, make.ACCOUNT, RECEIPT, EffectState.READY, NOW)
        (ready,) = commands.ready(tx, [make.MAIL], None, 9)
        (claimed,) = commands.claim(tx, [ready.id], 1)
        return claimed

    def others_look(tx: Tx) -> int:
        return acting.recover(_batch(tx), None)

    def it_reports(tx: Tx) -> None:
        tried = Tried(claimed=claimed, result=Done(), exchanges=(), wrote=True)
        acting.settle(_batch(tx), tried, random.Random(1))

    claimed = database.run(take, NOW)
    assert database.run(others_look, NOW) == 1
    (case,) = database.run(lambda tx: views.cases(tx, limit=9), NOW)
    assert case.kind == "unknown"
    database.run(it_reports, NOW)
    assert database.run(lambda tx: views.cases(tx, limit=9), NOW) == []
    effects = database.run(lambda tx: commands.effects_of(tx, make.ACCOUNT), NOW)
    assert effects[RECEIPT.key].state is EffectState.DONE


def _batch(tx: Tx) -> Batch:
    return Batch(tx, make.policy(), {make.MAIL: MAIL}, 2)
