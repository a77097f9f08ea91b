"""Deciding in the store: what two accounts both want is planned once, and harms neither."""

import asyncio
from dataclasses import replace
from pathlib import Path

from core import building as make
from core.test_correspondence import INBOX, OTHER, mail
from tricord.app.registry import all_connectors
from tricord.core.ids import Kind
from tricord.core.records import Company, Contact
from tricord.engine.batch import Batch
from tricord.engine.connection import Connection
from tricord.engine.deciding import converge
from tricord.engine.homing import see
from tricord.sdk.connector import Access
from tricord.store import views
from tricord.store.database import Database, Tx
from tricord.store.sealing import Keyring

CRM = Connection(
    connector=all_connectors()["hubspot"], access=Access(connection=make.CRM), base_url=""
)


def test_one_mail_that_two_accounts_hold_is_told_once_and_both_go_on(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'tricord.db'}", Keyring(bytes(32)))
    database.prepare()

    def work(tx: Tx) -> tuple[list[str], list[str]]:
        batch = Batch(tx, make.policy(), {make.CRM: CRM}, 0)
        for place, box in (("1", INBOX), ("2", OTHER)):
            company = make.ref(make.CRM, Kind.COMPANY, place)
            person = make.ref(make.CRM, Kind.CONTACT, place)
            see(batch, Company(ref=company, version=1, name=f"Client {place}"), "test")
            see(batch, Contact(ref=person, version=1, email="a@x.example", company=company), "test")
            copy = mail(place, box, message_id="one@x", about=company, body=f"copy {place}")
            see(batch, copy, "test")
            see(batch, mail(f"own{place}", box, about=company), "test")
        converge(batch)
        again = replace(mail("own3", INBOX), about=make.ref(make.CRM, Kind.COMPANY, "2"))
        see(batch, again, "test")
        converge(batch)
        told = views.commands(tx, limit=99)
        return [row.verb for row in told], [case.kind for case in views.cases(tx, limit=9)]

    verbs, kinds = asyncio.run(database.write(work, make.NOW))
    database.close()
    assert verbs == ["log_activity"] * 4, "the shared mail once, and each one's own"
    assert kinds == []
