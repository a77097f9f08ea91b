"""Property definitions and groups over HTTP."""

from typing import Any

from tricord.sandbox.hubspot.api.call import Answer, Call, batch_answer
from tricord.sandbox.hubspot.crm.kinds import Kind
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.refusals import Refusal, invalid
from tricord.sandbox.hubspot.crm.schema import FIELD_TYPES, TYPES, Group, Property
from tricord.sandbox.hubspot.crm.values import moment

_CHANGEABLE = {
    "label": "label",
    "description": "description",
    "groupName": "group",
    "type": "type",
    "fieldType": "field_type",
    "hidden": "hidden",
    "displayOrder": "display_order",
    "formField": "form_field",
}


class Properties:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._schema = portal.schema

    def page(self, call: Call) -> Answer:
        known = self._schema.properties(call.kind, archived=call.flag("archived"))
        return 200, {"results": [one.shown() for one in known]}

    def create(self, call: Call) -> Answer:
        return 201, self._create(call.kind, call.object()).shown()

    def read(self, call: Call) -> Answer:
        archived = call.flag("archived")
        return 200, self._schema.property(call.kind, call.path["name"], archived=archived).shown()

    def change(self, call: Call) -> Answer:
        known = self._schema.property(call.kind, call.path["name"])
        body = call.object()
        if known.hubspot_defined and set(body) - {"groupName", "displayOrder", "hidden"}:
            raise invalid(f"{known.name} is defined by HubSpot", code="READ_ONLY_DEFINITION")
        _check_types(
            str(body.get("type", known.type)), str(body.get("fieldType", known.field_type))
        )
        for name, attribute in _CHANGEABLE.items():
            if name in body:
                setattr(known, attribute, body[name])
        if "options" in body:
            known.options = _options(body["options"])
        known.updated_at = self._portal.now()
        return 200, known.shown()

    def archive(self, call: Call) -> Answer:
        self._archive(call.kind, call.path["name"])
        return 204, None

    def batch_read(self, call: Call) -> Answer:
        archived = bool(call.object().get("archived", False))
        return self._each(
            call,
            lambda row: self._schema.property(call.kind, _name(row), archived=archived).shown(),
        )

    def batch_create(self, call: Call) -> Answer:
        return self._each(call, lambda row: self._create(call.kind, row).shown(), status=201)

    def batch_archive(self, call: Call) -> Answer:
        for row in call.inputs():
            self._archive(call.kind, _name(row))
        return 204, None

    def groups(self, call: Call) -> Answer:
        return 200, {"results": [one.shown() for one in self._schema.groups(call.kind)]}

    def create_group(self, call: Call) -> Answer:
        new = Group(
            name=call.text("name"),
            label=call.text("label"),
            display_order=int(call.object().get("displayOrder", -1)),
        )
        return 201, self._schema.add_group(call.kind, new).shown()

    def read_group(self, call: Call) -> Answer:
        return 200, self._schema.group(call.kind, call.path["name"]).shown()

    def change_group(self, call: Call) -> Answer:
        known, body = self._schema.group(call.kind, call.path["name"]), call.object()
        known.label = str(body.get("label", known.label))
        known.display_order = int(body.get("displayOrder", known.display_order))
        return 200, known.shown()

    def archive_group(self, call: Call) -> Answer:
        self._schema.remove_group(call.kind, call.path["name"])
        return 204, None

    def _create(self, kind: Kind, body: dict[str, Any]) -> Property:
        for name in ("name", "label", "type", "fieldType", "groupName"):
            if not body.get(name):
                raise invalid(f"Invalid input JSON: {name} is required", code="REQUIRED_FIELD")
        _check_types(body["type"], body["fieldType"])
        name = str(body["name"])
        if name != name.lower() or not name.replace("_", "").isalnum() or not name[0].isalpha():
            raise invalid(
                f"{name} is not a valid property name: lower-case letters, digits and underscores, "
                "beginning with a letter",
                code="INVALID_NAME",
            )
        now = self._portal.now()
        new = Property(
            name=name,
            label=body["label"],
            type=body["type"],
            field_type=body["fieldType"],
            group=body["groupName"],
            description=body.get("description", ""),
            options=_options(body.get("options") or _truth(body["type"])),
            unique=bool(body.get("hasUniqueValue", False)),
            hidden=bool(body.get("hidden", False)),
            form_field=bool(body.get("formField", False)),
            display_order=int(body.get("displayOrder", -1)),
            created_at=now,
            updated_at=now,
        )
        return self._schema.add(kind, new)

    def _archive(self, kind: Kind, name: str) -> None:
        known = self._schema.property(kind, name)
        if known.hubspot_defined:
            raise invalid(f"{name} is defined by HubSpot and stays", code="NOT_ARCHIVABLE")
        known.archived_at = self._portal.now()

    def _each(self, call: Call, one: Any, *, status: int = 200) -> Answer:
        results, errors = [], []
        for row in call.inputs():
            try:
                results.append(one(row))
            except Refusal as refusal:
                errors.append(refusal.in_batch({"name": [str(row.get("name", ""))]}))
        return batch_answer(moment(self._portal.now()), results, errors, status=status)


def _check_types(type_: str, field_type: str) -> None:
    if type_ not in TYPES:
        raise invalid(f"{type_} is not a property type", code="INVALID_TYPE")
    if field_type not in FIELD_TYPES:
        raise invalid(f"{field_type} is not a field type", code="INVALID_FIELD_TYPE")


def _options(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = []
    for order, row in enumerate(rows):
        if not row.get("value") or not row.get("label"):
            raise invalid("Every option needs a value and a label", code="INVALID_OPTION")
        kept.append({"displayOrder": order, "hidden": False, "description": ""} | row)
    return kept


def _truth(type_: str) -> list[dict[str, Any]]:
    if type_ != "bool":
        return []
    return [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]


def _name(row: dict[str, Any]) -> str:
    return str(row.get("name", ""))
