"""The views, on a real database: what people and `--json` are told."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from console.firm import GO_LIVE, NOW, POLICY, Town, open_town, usd
from console.scenes import JUNIPER, WEEK, fill, lose
from tricord.core.delivery import Delivery
from tricord.core.ids import AccountId, ConnectionName
from tricord.store import deliveries, mirror, views
from tricord.store.database import Tx
from tricord.store.deliveries import Arrival
from tricord.store.row_views import Explanation, Row

T = TypeVar("T")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = open_town(tmp_path_factory.mktemp("firm"))
    fill(made)
    yield made
    made.database.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Town]:
    made = open_town(tmp_path)
    yield made
    made.database.close()


def ask(town: Town, question: Callable[[Tx], T]) -> T:
    return town.database.run(question, NOW)


def explained(town: Town, what: str) -> Explanation:
    found = ask(town, lambda tx: views.explain(tx, what, POLICY))
    assert found is not None, what
    return found


def test_accounts_come_with_their_money_latest_change_first(town: Town) -> None:
    rows = ask(town, lambda tx: views.accounts(tx, limit=10))
    assert [row.name for row in rows][:2] == ["Juniper Veterinary Clinic", "Northwind Pottery"]
    north = next(row for row in rows if row.name == "Northwind Pottery")
    (totals,) = north.totals
    assert (totals.invoiced, totals.outstanding, totals.overdue) == (
        usd("3600"), usd("2100"), usd("0"),
    )  # fmt: skip
    assert next(row for row in rows if row.name == "Osprey Outdoor").open_cases == 1


def test_accounts_are_found_by_part_of_a_name_by_address_and_by_id(town: Town) -> None:
    for search in ("northWIND", "ada@northwind.example", "901", "acc_northwind"):
        rows = ask(town, lambda tx, wanted=search: views.accounts(tx, limit=10, search=wanted))  # type: ignore[misc]
        assert [row.id for row in rows] == ["acc_northwind"], search
    assert ask(town, lambda tx: views.accounts(tx, limit=10, search="nobody")) == []


def test_pages_of_accounts_neither_repeat_nor_leave_out(town: Town) -> None:
    whole = [row.id for row in ask(town, lambda tx: views.accounts(tx, limit=10))]
    first = ask(town, lambda tx: views.accounts(tx, limit=4))
    rest = ask(town, lambda tx: views.accounts(tx, limit=4, offset=4))
    assert [row.id for row in (*first, *rest)] == whole


def test_merged_accounts_are_left_out_and_lead_to_their_new_home(bare: Town) -> None:
    home = bare.observe("acc_juniper", JUNIPER.records(1, GO_LIVE), NOW)
    bare.observe("acc_old", [], NOW)
    bare.database.run(lambda tx: mirror.merge_into(tx, AccountId("acc_old"), home), NOW)
    assert [row.id for row in ask(bare, lambda tx: views.accounts(tx, limit=9))] == [home]
    found = ask(bare, lambda tx: views.account(tx, "acc_old"))
    assert found is not None
    assert found[0].id == home
    assert ask(bare, lambda tx: views.account(tx, "acc_never")) is None


def test_an_account_comes_with_links_cases_and_commands(town: Town) -> None:
    found = ask(town, lambda tx: views.account(tx, "acc_osprey"))
    assert found is not None
    _, links, cases, commands = found
    assert [str(link.ref) for link in links][-1] == "hubspot:deal:905"
    assert [case.owner for case in cases] == ["role:finance"]
    assert commands == []


def test_invoices_stand_as_our_own_books_have_them(town: Town) -> None:
    rows = {row.account_name + " " + row.installment: row for row in
            ask(town, lambda tx: views.invoices(tx, limit=20))}  # fmt: skip
    refunded = rows["Lakeside Dental Group final"]
    assert (refunded.status, refunded.outstanding, refunded.overdue) == (
        "refunded", usd("180"), True,
    )  # fmt: skip
    assert rows["Brightwater & Sons deposit"].status == "disputed"
    assert rows["Northwind Pottery deposit"].status == "partly_paid"
    assert sum(row.outstanding.minor for row in rows.values()) == usd("14680").minor


def test_commands_say_why_and_what_became_of_them(town: Town) -> None:
    (refused,) = ask(town, lambda tx: views.commands(tx, limit=5, state="refused"))
    assert refused.title == "Send the deposit invoice over 1,680.00 USD"
    assert refused.why.startswith("billing_plan/project/deposit: milestone contract_signed")
    assert "tax location" in refused.problem
    for name in (refused.key, str(refused.id)):
        found = ask(town, lambda tx, wanted=name: views.command(tx, wanted))  # type: ignore[misc]
        assert found is not None
        assert [attempt.outcome for attempt in found[1]] == ["refused"]


def test_status_counts_what_waits_and_what_is_at_stake(bare: Town) -> None:
    arrival = Arrival(
        delivery=Delivery(connection=ConnectionName("stripe"), body=b"{}", received_at=NOW),
        name="evt_1",
    )
    bare.database.run(lambda tx: deliveries.accept(tx, [arrival]), NOW)
    status = bare.database.run(views.status, NOW + timedelta(seconds=5))
    assert status["accepted_minus_processed"] == 1
    assert status["oldest_waiting_seconds"] == 5
    names = [one["name"] for one in status["connections"]]  # type: ignore[attr-defined]
    assert names == ["hubspot", "mail", "stripe"]


def test_a_lost_deal_counts_with_its_money_at_stake(bare: Town) -> None:
    bare.live("acc_juniper", JUNIPER.records(2, GO_LIVE + WEEK), GO_LIVE + 2 * WEEK)
    lose(bare, "acc_juniper", JUNIPER, GO_LIVE + 3 * WEEK)
    status = ask(bare, views.status)
    assert status["at_stake"] == [{"minor": 168000, "currency": "USD", "text": "1,680.00 USD"}]


def test_the_books_of_the_firm_age(town: Town) -> None:
    (totals,) = ask(town, views.totals)
    assert totals.outstanding == usd("14680")
    assert (totals.ageing.not_due, totals.ageing.to_30) == (usd("2100"), usd("12580"))


def test_every_row_is_plain_json(town: Town) -> None:
    rows: list[Row] = [
        *ask(town, lambda tx: views.accounts(tx, limit=3)),
        *ask(town, lambda tx: views.invoices(tx, limit=3)),
        *ask(town, lambda tx: views.commands(tx, limit=3)),
        *ask(town, lambda tx: views.cases(tx, limit=3)),
        explained(town, "acc_northwind"),
    ]
    for row in rows:
        assert json.loads(json.dumps(row.as_json())) == row.as_json()


@pytest.mark.parametrize(
    ("what", "title"),
    [
        ("HS-1050", "Invoice HS-1050"),
        ("hs-1050", "Invoice HS-1050"),
        ("in_1050", "Invoice HS-1050"),
        ("stripe:invoice:in_1050", "Invoice HS-1050"),
        ("901", "Deal Spring catalogue"),
        ("hubspot:deal:901", "Deal Spring catalogue"),
        ("acc_northwind", "Northwind Pottery"),
        ("invoice/hubspot:deal:901/deposit/1", "Send the deposit invoice over 3,600.00 USD"),
    ],
)
def test_anything_is_explained_by_any_of_its_names(town: Town, what: str, title: str) -> None:
    assert explained(town, what).what == title


def test_what_is_unknown_is_not_explained(town: Town) -> None:
    for what in ("", "nothing", "stripe:invoice:in_0", "a:b:c", "999999999999999999999"):
        assert ask(town, lambda tx, wanted=what: views.explain(tx, wanted, POLICY)) is None  # type: ignore[misc]


def test_an_invoice_is_explained_from_its_rule_to_its_balance(town: Town) -> None:
    text = "\n".join(explained(town, "HS-1050").lines)
    for words in (
        "Rule billing_plan/project/deposit, policy 9f31c07ab2d4",
        "contract: 12,000.00 USD",
        "done, 2 calls",
        "At the vendor it is stripe:invoice:in_1050",
        "It is partly paid: total 3,600.00 USD, received 1,500.00 USD; balance 2,100.00 USD",
    ):
        assert words in text


def test_a_deal_is_explained_installment_by_installment(town: Town) -> None:
    lines = explained(town, "901").lines
    assert any("Installment deposit: 3,600.00 USD" in line and "billed" in line for line in lines)
    assert lines[-1].endswith("to bill. Waiting for project complete")
    stuck = "\n".join(explained(town, "905").lines)
    assert "The CRM holds no contract value: it is empty" in stuck
    assert "Open case: Trail map app cannot be invoiced" in stuck
    assert "The billing engine refused it" in "\n".join(explained(town, "906").lines)
    held = "\n".join(explained(town, "904").lines)
    assert "Waiting for approval by finance" in held
