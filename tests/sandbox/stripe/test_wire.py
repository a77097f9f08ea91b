"""Keys, versions, parameters, idempotency and pages: how the box speaks HTTP."""

import base64
import threading
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.stripe.stage import Billed, Stage
from tricord.sandbox.box import Settings
from tricord.sandbox.stripe import StripeBox
from tricord.sandbox.stripe.wire import forms

Bill = Callable[..., Billed]


def test_the_same_seed_gives_the_same_secrets_and_no_seed_fresh_ones() -> None:
    first, second = (StripeBox(Settings(seed=5)).credentials for _ in range(2))
    assert first == second
    assert first["api_key"].startswith("sk_test_")
    assert first["webhook_secret"].startswith("whsec_")
    fresh, other = (StripeBox(Settings()).credentials for _ in range(2))
    assert fresh["api_key"] != other["api_key"]


def test_reading_does_not_change_what_comes_next() -> None:
    def id_after(reads: int) -> str:
        box = StripeBox(Settings(seed=5))
        for _ in range(reads):
            box.account.request_mint.token(14)
        return box.account.new_id("customer")

    assert id_after(0) == id_after(3)


def test_a_wrong_or_missing_key_is_refused(stage: Stage) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        stage.sdk("sk_test_not_the_one_of_this_box").v1.customers.list()
    assert refused.value.http_status == 401
    assert "sk_test_not_the_one_of_this_box" not in str(refused.value)
    assert stage.request("GET", "/v1/customers")[0] == 401


def test_basic_authentication_works_too(stage: Stage) -> None:
    key = stage.box.credentials["api_key"]
    token = base64.b64encode(f"{key}:".encode()).decode()
    assert stage.request("GET", "/v1/customers", Authorization=f"Basic {token}")[0] == 200
    assert stage.request("GET", "/v1/customers", Authorization="Basic %%%")[0] == 401


def test_each_answer_has_a_request_id_and_the_version(stage: Stage) -> None:
    ids = set()
    for path in ("/v1/customers", "/v1/customers/cus_none", "/v1/nothing"):
        answer = stage.api("GET", path)
        ids.add(answer["headers"]["request-id"])
        assert answer["headers"]["stripe-version"] == "2026-10-28.endive"
    assert len(ids) == 3


def test_the_key_reaches_no_other_account(stage: Stage) -> None:
    with pytest.raises(stripe.PermissionError):
        stage.client.v1.customers.list(None, {"stripe_account": "acct_other"})


def test_a_version_the_box_does_not_speak_is_refused(stage: Stage) -> None:
    assert stage.api("GET", "/v1/customers", Stripe_Version="2026-09-30.endive")["status"] == 200
    for version in ("2024-09-30.acacia", "tomorrow"):
        answer = stage.api("GET", "/v1/customers", Stripe_Version=version)
        assert answer["status"] == 400
        assert version in answer["error"]["message"]


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ("shoe_size=42", "parameter_unknown", "shoe_size"),
        ("address[planet]=Mars", "parameter_unknown", "address[planet]"),
        ("balance=many", "parameter_invalid_integer", "balance"),
        ("tax_exempt=maybe", None, "tax_exempt"),
        ("address=here", None, "address"),
        ("metadata[" + "k" * 41 + "]=v", None, "metadata"),
        ("cash_balance[settings]=x", None, "cash_balance"),
        ("expand[]=nothing", None, "expand"),
    ],
)
def test_bad_parameters_are_named(stage: Stage, form: str, code: str | None, param: str) -> None:
    answer = stage.api("POST", "/v1/customers", form)
    assert answer["status"] == 400
    error = answer["error"]
    assert (error["type"], error.get("code"), error["param"]) == (
        "invalid_request_error",
        code,
        param,
    )


def test_a_missing_parameter_is_named(stage: Stage) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stage.client.v1.invoices.create({})
    assert (refused.value.param, refused.value.code) == ("customer", "parameter_missing")


def test_what_is_not_there_is_missing_by_path_and_by_parameter(stage: Stage) -> None:
    with pytest.raises(stripe.InvalidRequestError) as by_path:
        stage.client.v1.customers.retrieve("cus_none")
    assert (by_path.value.http_status, by_path.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError) as by_parameter:
        stage.client.v1.invoices.create({"customer": "cus_none"})
    assert (by_parameter.value.http_status, by_parameter.value.param) == (400, "customer")


def test_forms_nest_and_count() -> None:
    assert forms.parse("a[b][0]=c&a[b][1]=d&e[]=1&e[]=2&f=&g[][x]=1&g[][y]=2&g[][x]=3") == {
        "a": {"b": {"0": "c", "1": "d"}},
        "e": {"0": "1", "1": "2"},
        "f": "",
        "g": {"0": {"x": "1", "y": "2"}, "1": {"x": "3"}},
    }
    assert forms.listed({"10": "b", "2": "a"}) == ["a", "b"]


def test_a_repeated_key_replays_the_first_answer(stage: Stage) -> None:
    first = stage.api("POST", "/v1/customers", "name=Ada", Idempotency_Key="k1")
    again = stage.api("POST", "/v1/customers", "name=Ada", Idempotency_Key="k1")
    assert again["id"] == first["id"]
    assert again["headers"]["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first["headers"]
    assert again["headers"]["original-request"] == first["headers"]["request-id"]
    assert len(stage.client.v1.customers.list().data) == 1
    assert stage.event_types() == ["customer.created"]


def test_a_key_used_for_something_else_is_an_idempotency_error(stage: Stage) -> None:
    customers = stage.client.v1.customers
    customers.create({"name": "Ada"}, {"idempotency_key": "k1"})
    with pytest.raises(stripe.IdempotencyError) as other_parameters:
        customers.create({"name": "Eve"}, {"idempotency_key": "k1"})
    assert other_parameters.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError, match="endpoint"):
        stage.client.v1.refunds.create({"charge": "ch_1"}, {"idempotency_key": "k1"})


def test_a_key_is_forgotten_after_a_day(stage: Stage) -> None:
    customers = stage.client.v1.customers
    first = customers.create({"name": "Ada"}, {"idempotency_key": "k1"})
    stage.clock.pass_(hours=23, minutes=59)
    assert customers.create({"name": "Ada"}, {"idempotency_key": "k1"}).id == first.id
    stage.clock.pass_(minutes=2)
    assert customers.create({"name": "Ada"}, {"idempotency_key": "k1"}).id != first.id


def test_a_failed_validation_does_not_use_the_key_up(stage: Stage) -> None:
    refused = stage.api("POST", "/v1/customers", "balance=x", Idempotency_Key="k1")
    assert refused["status"] == 400
    made = stage.api("POST", "/v1/customers", "name=Ada", Idempotency_Key="k1")
    assert (made["status"], made["name"]) == (200, "Ada")


def test_a_declined_card_is_replayed_as_declined(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    invoice = bill().invoice
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            v1.invoices.pay(
                invoice.id,
                {"payment_method": "pm_card_chargeDeclined"},
                {"idempotency_key": "k1"},
            )
    assert len(v1.charges.list().data) == 1


def test_a_key_in_use_by_a_running_request_conflicts(stage: Stage) -> None:
    stage.control("stripe", latency_seconds=0.3)
    answers: list[dict[str, Any]] = []

    def create() -> None:
        answers.append(stage.api("POST", "/v1/customers", "name=Ada", Idempotency_Key="k1"))

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    by_status = {answer["status"]: answer for answer in answers}
    assert set(by_status) == {200, 409}
    assert by_status[409]["error"]["code"] == "idempotency_key_in_use"
    assert stage.api("POST", "/v1/customers", "name=Ada", Idempotency_Key="k1")["status"] == 200
    assert len(stage.client.v1.customers.list().data) == 1


def test_pages_walk_through_everything_once_in_both_directions(stage: Stage) -> None:
    customers = stage.client.v1.customers
    made = [customers.create({"name": f"c{n}"}).id for n in range(7)]
    page = customers.list({"limit": 3})
    assert (page.has_more, page.url) == (True, "/v1/customers")
    newest_first = [customer.id for customer in page.auto_paging_iter()]
    assert newest_first == made[::-1]
    before = customers.list({"limit": 3, "ending_before": made[0]})
    assert [customer.id for customer in before.data] == [made[3], made[2], made[1]]
    back = [c.id for c in customers.list({"limit": 3, "ending_before": made[0]}).auto_paging_iter()]
    assert back == made[1:]
    assert customers.list({"limit": 3, "starting_after": made[3]}).has_more is False


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "starting_after=cus_none", "starting_after=a&ending_before=b"],
)
def test_pages_refuse_what_they_cannot_place(stage: Stage, query: str) -> None:
    assert stage.api("GET", f"/v1/customers?{query}")["status"] == 400


def test_an_unknown_address_is_not_an_object(stage: Stage) -> None:
    answer = stage.api("GET", "/v1/unicorns")
    assert answer["status"] == 404
    assert "Unrecognized request URL" in answer["error"]["message"]


def test_calls_are_counted_by_route(stage: Stage) -> None:
    made = stage.client.v1.customers.create({"name": "Ada"})
    for _ in range(2):
        stage.client.v1.customers.retrieve(made.id)
    assert stage.state()["calls"] == {
        "total": 3,
        "by_route": {"GET /v1/customers/{id}": 2, "POST /v1/customers": 1},
    }
