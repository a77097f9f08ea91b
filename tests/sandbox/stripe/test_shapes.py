"""Every answer and every event against Stripe's own descriptions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sandbox.stripe.stage import Billed, Stage

Bill = Callable[..., Billed]
Json = dict[str, Any]

# Shapes that have not changed since the last OpenAPI file at hand.
UNCHANGED = ("customer", "refund", "dispute", "event", "balance_transaction", "webhook_endpoint")
CURRENT = (
    "customer",
    "invoice",
    "invoiceitem",
    "invoice_payment",
    "payment_intent",
    "charge",
    "refund",
    "dispute",
    "credit_note",
    "tax_rate",
    "balance_transaction",
    "customer_balance_transaction",
    "webhook_endpoint",
)


@pytest.fixture
def lived(stage: Stage, bill: Bill) -> Stage:
    """A box in which one of everything has happened."""
    v1 = stage.client.v1
    rate = v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": True})
    billed = bill(finalize=False)
    v1.invoices.update(billed.invoice.id, {"default_tax_rates": [rate.id], "description": "Site"})
    v1.customers.update(
        billed.customer.id,
        {
            "address": {"line1": "1 Main St"},
            "shipping": {"name": "Ada", "address": {"line1": "1 Main St"}},
        },
    )
    v1.invoices.send_invoice(billed.invoice.id)
    v1.credit_notes.create({"invoice": billed.invoice.id, "amount": 1_000})
    stage.control(f"invoices/{billed.invoice.id}/pay", amount=30_000)
    stage.control(f"invoices/{billed.invoice.id}/pay", amount=80_000)
    rest, part = v1.charges.list().data
    v1.refunds.create({"charge": part.id, "amount": 500})
    dispute = stage.control(f"charges/{rest.id}/dispute")
    stage.control(f"disputes/{dispute['id']}/close", status="won")
    v1.webhook_endpoints.create({"url": f"{stage.hub}/hooks/x", "enabled_events": ["*"]})
    return stage


def _objects(stage: Stage, kind: str) -> list[Json]:
    return list(stage.box.account.tables[kind].values())


@pytest.mark.parametrize("kind", UNCHANGED)
def test_objects_validate_against_the_openapi_description(
    lived: Stage, specs: Path, kind: str
) -> None:
    spec = json.loads((specs / "spec3-2023-08-16.billing.json").read_text())
    schemas = _as_json_schema(spec["components"])
    checker = jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{kind}", "components": schemas}
    )
    found = _objects(lived, kind) if kind != "event" else lived.api("GET", "/v1/events")["data"]
    assert found
    for obj in found:
        problems = [f"{list(e.absolute_path)}: {e.message}" for e in checker.iter_errors(obj)]
        assert problems == []


@pytest.mark.parametrize("kind", CURRENT)
def test_fields_are_those_of_the_pinned_version(lived: Stage, specs: Path, kind: str) -> None:
    surface = json.loads((specs / "surface-2026-10-28.endive.json").read_text())
    found = _objects(lived, kind)
    assert found
    for obj in found:
        assert _strangers(obj, surface["resources"][kind], kind) == []


def test_lines_have_the_fields_of_the_pinned_version(lived: Stage, specs: Path) -> None:
    surface = json.loads((specs / "surface-2026-10-28.endive.json").read_text())
    described = surface["resources"]["invoice_line_item"]
    for line in _objects(lived, "line_item"):
        assert _strangers(line, described, "line_item") == []


@pytest.mark.parametrize("kind", ["invoice", "invoice_payment", "credit_note", "refund"])
def test_fields_that_are_always_there_are_there(lived: Stage, specs: Path, kind: str) -> None:
    surface = json.loads((specs / "surface-2026-10-28.endive.json").read_text())
    described: Json = surface["resources"][kind]
    always = {
        name
        for name, field in described.items()
        if not field["type"].startswith(("Optional[", "ClassVar["))
    }
    for obj in _objects(lived, kind):
        missing = {name for name in always if obj.get(name) is None}
        assert missing == set()


def test_invoices_have_lost_what_basil_took_away(lived: Stage) -> None:
    for kind, gone in (
        ("invoice", {"payment_intent", "charge", "paid", "paid_out_of_band", "subscription"}),
        ("payment_intent", {"invoice"}),
        ("charge", {"invoice"}),
    ):
        for obj in _objects(lived, kind):
            assert gone & set(obj) == set()


def test_every_event_type_is_one_of_stripes(lived: Stage, specs: Path) -> None:
    surface = json.loads((specs / "surface-2026-10-28.endive.json").read_text())
    types = {recorded.snapshot["type"] for recorded in lived.box.account.recorded()}
    assert len(types) >= 20
    assert types - set(surface["event_types"]) == set()


def test_every_endpoint_is_one_of_stripes(lived: Stage, specs: Path) -> None:
    surface = json.loads((specs / "surface-2026-10-28.endive.json").read_text())
    known = {
        (operation["method"], _anonymous(operation["path"])) for operation in surface["operations"]
    }
    # The surface file covers billing; these come from other parts of the same SDK.
    elsewhere = ("/v1/payment_records", "/v2/")
    ours = {
        (endpoint.method, _anonymous(endpoint.path))
        for endpoint in lived.box.door.endpoints
        if not endpoint.path.startswith(elsewhere)
    }
    assert ours - known == set()


def test_every_parameter_is_one_of_stripes(lived: Stage, specs: Path) -> None:
    surface = json.loads((specs / "surface-2026-10-28.endive.json").read_text())
    params = {
        (o["method"], _anonymous(o["path"])): set(surface["params"].get(o["params"], {}))
        for o in surface["operations"]
    }
    for endpoint in lived.box.door.endpoints:
        known = params.get((endpoint.method, _anonymous(endpoint.path)))
        if known is not None:
            assert set(endpoint.shape.fields) - known - {"expand"} == set(), endpoint.name


def _anonymous(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def _strangers(obj: Json, described: Json, path: str) -> list[str]:
    """Fields the description does not know, at any depth it describes."""
    strange = []
    for name, value in obj.items():
        if name not in described:
            if name != "object":
                strange.append(f"{path}.{name}")
            continue
        inner = described[name].get("fields")
        values = value if isinstance(value, list) else [value]
        for element in values:
            if inner and isinstance(element, dict):
                strange += _strangers(element, inner, f"{path}.{name}")
    return strange


def _as_json_schema(components: Json) -> Json:
    """OpenAPI 3.0's `nullable` said in JSON Schema's way."""

    def convert(node: Any) -> Any:
        if isinstance(node, list):
            return [convert(element) for element in node]
        if not isinstance(node, dict):
            return node
        made = {name: convert(value) for name, value in node.items() if name != "nullable"}
        if node.get("nullable"):
            return {"anyOf": [made, {"type": "null"}]}
        return made

    converted: Json = convert(components)
    return converted
