"""The box's answers against the schemas derived from the official SDK."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sandbox.hubspot.conftest import Json, Stage

SPEC = "hubspot/hubspot-crm-v3.derived.openapi.json"


@pytest.fixture(scope="module")
def spec() -> Json:
    folder = os.environ.get("TRICORD_SPECS")
    if folder is None:
        pytest.skip("TRICORD_SPECS names no folder with HubSpot's schemas")
    read: Json = json.loads((Path(folder) / SPEC).read_text())
    return read


def check(spec: Json, path: str, method: str, status: int, body: Any) -> None:
    """Validates `body` as the answer that the operation declares for `status`."""
    answer = spec["paths"][path][method.lower()]["responses"].get(str(status))
    assert answer is not None, f"{method} {path} does not declare {status}"
    if body is None:
        assert "content" not in answer
        return
    schema = answer["content"]["application/json"]["schema"]
    jsonschema.validate(_without_empty_values(body), {**schema, "components": spec["components"]})


def _without_empty_values(body: Any) -> Any:
    """The SDK's schema says that a property's value is text; HubSpot really sends null too."""
    if isinstance(body, list):
        return [_without_empty_values(one) for one in body]
    if not isinstance(body, dict):
        return body
    kept = {name: _without_empty_values(value) for name, value in body.items()}
    if isinstance(kept.get("properties"), dict):
        kept["properties"] = {n: v for n, v in kept["properties"].items() if v is not None}
    return kept


PROPERTY = {
    "name": "payment_status",
    "label": "Payment status",
    "type": "string",
    "fieldType": "text",
    "groupName": "billing",
}
STAGE = {"label": "Paused", "displayOrder": 9, "metadata": {"probability": "0.1"}}
SPEC_5 = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]


def test_every_answer_has_the_declared_shape(stage: Stage, spec: Json) -> None:
    deal, contact, company = stage.deal(), stage.contact("a@example.com"), stage.company("One")
    spare, one, two = stage.deal(), stage.contact("1@example.com"), stage.contact("2@example.com")
    stage.clock.pass_(seconds=2)
    objects, deal_path = "/crm/v3/objects/deals", "/crm/v3/objects/deals/{dealId}"
    v4, v4_pair = "/crm/v4/objects", "/crm/v4/associations"
    v4_one = f"{v4}/{{objectType}}/{{objectId}}/associations/{{toObjectType}}"
    v4_default = (
        f"{v4}/{{fromObjectType}}/{{fromObjectId}}/associations/default/"
        "{toObjectType}/{toObjectId}"
    )
    v4_batch = f"{v4_pair}/{{fromObjectType}}/{{toObjectType}}/batch"
    v3_batch = "/crm/v3/associations/{fromObjectType}/{toObjectType}/batch"
    pipes = "/crm/v3/pipelines/{objectType}"
    pair = {"from": {"id": deal}, "to": {"id": contact}}
    steps: list[tuple[str, str, str, Any]] = [
        ("POST", objects, objects, {"properties": {"dealname": "x"}}),
        ("GET", f"{objects}?limit=1&propertiesWithHistory=dealstage", objects, None),
        ("GET", f"{objects}/{deal}?associations=companies", deal_path, None),
        ("PATCH", f"{objects}/{deal}", deal_path, {"properties": {"amount": "1"}}),
        ("POST", f"{objects}/search", f"{objects}/search", {"limit": 1}),
        ("POST", f"{objects}/batch/read", f"{objects}/batch/read", {"inputs": [{"id": deal}]}),
        ("POST", f"{objects}/batch/read", f"{objects}/batch/read", {"inputs": [{"id": "1"}]}),
        (
            "POST",
            f"{objects}/batch/create",
            f"{objects}/batch/create",
            {"inputs": [{"properties": {"dealname": "y"}, "objectWriteTraceId": "1"}]},
        ),
        (
            "POST",
            f"{objects}/batch/update",
            f"{objects}/batch/update",
            {"inputs": [{"id": deal, "properties": {"amount": "2"}}]},
        ),
        (
            "POST",
            "/crm/v3/objects/contacts/batch/upsert",
            "/crm/v3/objects/contacts/batch/upsert",
            {"inputs": [{"id": "n@x.io", "idProperty": "email", "properties": {}}]},
        ),
        (
            "POST",
            "/crm/v3/objects/contacts/merge",
            "/crm/v3/objects/contacts/merge",
            {"primaryObjectId": one, "objectIdToMerge": two},
        ),
        ("PUT", f"{v4}/deals/{deal}/associations/default/contacts/{contact}", v4_default, None),
        (
            "PUT",
            f"{v4}/deals/{deal}/associations/companies/{company}",
            f"{v4_one}/{{toObjectId}}",
            SPEC_5,
        ),
        ("GET", f"{v4}/deals/{deal}/associations/companies", v4_one, None),
        (
            "POST",
            f"{v4_pair}/deals/contacts/batch/read",
            f"{v4_batch}/read",
            {"inputs": [{"id": deal}]},
        ),
        (
            "POST",
            f"{v4_pair}/deals/contacts/batch/read",
            f"{v4_batch}/read",
            {"inputs": [{"id": spare}]},
        ),
        (
            "POST",
            f"{v4_pair}/deals/contacts/batch/associate/default",
            f"{v4_batch}/associate/default",
            {"inputs": [pair]},
        ),
        (
            "POST",
            f"{v4_pair}/deals/contacts/batch/create",
            f"{v4_batch}/create",
            {"inputs": [pair | {"types": [SPEC_5[0] | {"associationTypeId": 3}]}]},
        ),
        (
            "POST",
            "/crm/v3/associations/deals/contacts/batch/create",
            f"{v3_batch}/create",
            {"inputs": [pair | {"type": "deal_to_contact"}]},
        ),
        (
            "POST",
            "/crm/v3/associations/deals/contacts/batch/read",
            f"{v3_batch}/read",
            {"inputs": [{"id": deal}]},
        ),
        (
            "GET",
            f"{v4_pair}/deals/companies/labels",
            f"{v4_pair}/{{fromObjectType}}/{{toObjectType}}/labels",
            None,
        ),
        (
            "DELETE",
            f"{v4}/deals/{deal}/associations/contacts/{contact}",
            f"{v4_one}/{{toObjectId}}",
            None,
        ),
        (
            "POST",
            "/crm/v3/properties/deals/groups",
            "/crm/v3/properties/{objectType}/groups",
            {"name": "billing", "label": "Billing"},
        ),
        ("POST", "/crm/v3/properties/deals", "/crm/v3/properties/{objectType}", PROPERTY),
        ("GET", "/crm/v3/properties/deals", "/crm/v3/properties/{objectType}", None),
        ("GET", "/crm/v3/properties/deals/groups", "/crm/v3/properties/{objectType}/groups", None),
        ("GET", "/crm/v3/pipelines/deals", pipes, None),
        ("POST", "/crm/v3/pipelines/deals", pipes, {"label": "R", "displayOrder": 1, "stages": []}),
        ("GET", "/crm/v3/pipelines/deals/default", f"{pipes}/{{pipelineId}}", None),
        ("POST", "/crm/v3/pipelines/deals/default/stages", f"{pipes}/{{pipelineId}}/stages", STAGE),
        ("GET", "/crm/v3/pipelines/deals/default/stages", f"{pipes}/{{pipelineId}}/stages", None),
        ("GET", "/crm/v3/owners/", "/crm/v3/owners/", None),
        ("DELETE", f"{objects}/{spare}", deal_path, None),
        ("GET", f"{objects}?archived=true", objects, None),
    ]
    for method, path, declared, sent in steps:
        status, body, _ = stage.send(method, path, sent)
        assert status < 300, (method, path, body)
        check(spec, declared, method, status, body)


def test_the_webhook_settings_have_the_declared_shape(stage: Stage, spec: Json) -> None:
    declared = "/webhooks/v3/{appId}"
    path = f"/webhooks/v3/{stage.box.portal.app_id}"
    new = {"eventType": "deal.propertyChange", "propertyName": "amount", "active": True}
    change = {"targetUrl": stage.hub.url, "throttling": {"maxConcurrentRequests": 10}}
    for method, end, sent in (
        ("GET", "/settings", None),
        ("PUT", "/settings", change),
        ("POST", "/subscriptions", new),
        ("GET", "/subscriptions", None),
    ):
        status, body, _ = stage.send(method, path + end, sent)
        assert status < 300, (method, end, body)
        check(spec, declared + end, method, status, body)
