"""Property values on their way in: checked against the schema before anything is written."""

import json
from collections.abc import Collection
from typing import Any

from tricord.sandbox.hubspot.crm.kinds import Kind
from tricord.sandbox.hubspot.crm.owners import Owner
from tricord.sandbox.hubspot.crm.pipelines import Pipelines
from tricord.sandbox.hubspot.crm.refusals import invalid, invalid_values
from tricord.sandbox.hubspot.crm.schema import Property, Schema
from tricord.sandbox.hubspot.crm.values import InvalidValue, stored


class Drafts:
    """Knows what may be written: property definitions, pipelines and owners."""

    def __init__(self, schema: Schema, pipelines: Pipelines, owners: list[Owner]) -> None:
        self._schema = schema
        self._pipelines = pipelines
        self._owners = owners

    def checked(self, kind: Kind, properties: Any) -> dict[str, str]:
        """The text of each value, or a Refusal that names every fault at once."""
        if not isinstance(properties, dict):
            raise invalid("Invalid input JSON: properties must be an object")
        faults: list[tuple[str, str, str]] = []
        kept: dict[str, str] = {}
        for given, raw in properties.items():
            name = str(given).lower()
            definition = self._schema.find(kind, name)
            if definition is None:
                faults.append(
                    (given, "PROPERTY_DOESNT_EXIST", f'Property "{given}" does not exist')
                )
            elif definition.read_only:
                message = f'"{name}" is a read only property; its value cannot be set.'
                faults.append((name, "READ_ONLY_VALUE", message))
            else:
                try:
                    kept[name] = stored(name, definition.type, self._options(definition), raw)
                except InvalidValue as error:
                    faults.append((name, error.code, error.message))
        if faults:
            raise invalid_values(faults)
        return kept

    def complete(self, kind: Kind, values: dict[str, str]) -> dict[str, str]:
        """Adds what HubSpot fills in on creation; refuses what it cannot do without."""
        missing = [name for name in kind.required if not values.get(name)]
        if missing:
            refusal = invalid(
                f"Error creating {kind.singular.upper()}. Some required properties were not set."
            )
            refusal.context = {"properties": missing}
            raise refusal
        if kind.name == "deals":
            return {"pipeline": self._pipelines.all()[0].id} | values
        return values

    def derived(self, kind: Kind, values: dict[str, str]) -> dict[str, str]:
        """What HubSpot computes from the other values."""
        match kind.name:
            case "deals":
                return self._of_deal(values)
            case "emails":
                return _of_email(values.get("hs_email_headers", ""))
            case "line_items":
                return _of_line_item(values)
            case _:
                return {}

    def check_stage(self, values: dict[str, str]) -> None:
        """A deal's stage must belong to its pipeline."""
        stage, pipeline = values.get("dealstage"), values.get("pipeline")
        if not stage or not pipeline:
            return
        allowed = [one.id for one in self._pipelines.pipeline(pipeline).in_order()]
        if stage not in allowed:
            message = f"{stage} was not one of the allowed options: [{', '.join(allowed)}]"
            raise invalid_values([("dealstage", "INVALID_OPTION", message)])

    def _options(self, definition: Property) -> Collection[str] | None:
        if definition.type != "enumeration":
            return None
        match definition.name:
            case "dealstage":
                return self._pipelines.stage_ids()
            case "pipeline":
                return self._pipelines.ids()
            case "hubspot_owner_id":
                return [owner.id for owner in self._owners]
            case _:
                return [one["value"] for one in definition.options]

    def _of_deal(self, values: dict[str, str]) -> dict[str, str]:
        stage = self._pipelines.stage(values.get("dealstage", ""))
        if stage is None:
            return {}
        return {
            "hs_is_closed": "true" if stage.closed else "false",
            "hs_is_closed_won": "true" if stage.won else "false",
            "hs_deal_stage_probability": stage.metadata["probability"],
        }


def _of_email(headers: str) -> dict[str, str]:
    """`hs_email_headers` is JSON in a string; it fills the read-only address fields."""
    try:
        read = json.loads(headers) if headers else {}
    except ValueError:
        return {}
    sender = read.get("from") or {}
    to = read.get("to") or []
    return {
        "hs_email_from_email": sender.get("email") or "",
        "hs_email_from_firstname": sender.get("firstName") or "",
        "hs_email_from_lastname": sender.get("lastName") or "",
        "hs_email_to_email": ";".join(one.get("email") or "" for one in to),
        "hs_email_to_firstname": ";".join(one.get("firstName") or "" for one in to),
        "hs_email_to_lastname": ";".join(one.get("lastName") or "" for one in to),
        "hs_email_message_id": read.get("messageId") or "",
    }


def _of_line_item(values: dict[str, str]) -> dict[str, str]:
    price, quantity = values.get("price"), values.get("quantity")
    if not price or not quantity:
        return {}
    return {"amount": f"{float(price) * float(quantity):.2f}"}
