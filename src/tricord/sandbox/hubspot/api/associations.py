"""Associations over HTTP, in the shapes of v3 and of v4 (which the dated versions kept)."""

from typing import Any

from tricord.sandbox.hubspot.api.call import Answer, Call, batch_answer
from tricord.sandbox.hubspot.crm.kinds import Kind
from tricord.sandbox.hubspot.crm.links import LinkType
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.refusals import Refusal, invalid, not_found
from tricord.sandbox.hubspot.crm.values import moment

Row = dict[str, Any]


class Associations:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._links = portal.links

    def of_record(self, call: Call) -> Answer:
        record = self._portal.record(call.from_kind, call.path["id"])
        limit = call.number("limit", 500, 500)
        start = int(call.query.get("after") or 0)
        found = self._portal.partners(record, call.to_kind)
        said: Row = {"results": [_partner(*one) for one in found[start : start + limit]]}
        if start + limit < len(found):
            said["paging"] = {"next": {"after": str(start + limit)}}
        return 200, said

    def associate_default(self, call: Call) -> Answer:
        pair = (call.path["id"], call.path["to_id"])
        return self._answer(self._default(call, *pair), [])

    def associate(self, call: Call) -> Answer:
        if not isinstance(call.body, list) or not call.body:
            raise invalid("Invalid input JSON: a list of association types was expected")
        self._typed(call, call.path["id"], call.path["to_id"], call.body)
        return 201, _labels(call, call.path["id"], call.path["to_id"])

    def dissociate(self, call: Call) -> Answer:
        self._remove(call, call.path["id"], call.path["to_id"])
        return 204, None

    def batch_default(self, call: Call) -> Answer:
        return self._each(call, lambda row: self._default(call, _end(row, "from"), _end(row, "to")))

    def batch_create(self, call: Call) -> Answer:
        def one(row: Row) -> list[Row]:
            here, there = _end(row, "from"), _end(row, "to")
            if call.version == "v3":
                link = self._named(call, str(row.get("type", "")))
                self._portal.link(call.from_kind, here, call.to_kind, there, link, call.author)
                return [{"from": {"id": here}, "to": {"id": there}, "type": row["type"]}]
            self._typed(call, here, there, row.get("types") or [])
            return [_labels(call, here, there)]

        return self._each(call, one, status=201)

    def batch_read(self, call: Call) -> Answer:
        def one(row: Row) -> list[Row]:
            here = str(row.get("id", ""))
            record = self._portal.find(call.from_kind, here)
            found = self._portal.partners(record, call.to_kind) if record else []
            if not found:
                raise _nothing_there(call, here)
            if call.version == "v3":
                to = [
                    {"id": other, "type": self._links.name_of(call.from_kind, call.to_kind, link)}
                    for other, types in found
                    for link in types
                ]
                return [{"from": {"id": here}, "to": to}]
            return [{"from": {"id": here}, "to": [_partner(*each) for each in found]}]

        return self._each(call, one)

    def batch_archive(self, call: Call) -> Answer:
        for row in call.inputs():
            ends = row.get("to")
            for end in ends if isinstance(ends, list) else [ends]:
                self._remove(call, _end(row, "from"), str((end or {}).get("id", "")))
        return 204, None

    def labels(self, call: Call) -> Answer:
        known = self._links.types(call.from_kind, call.to_kind)
        return 200, {"results": [_spec(one) for one in known]}

    def _default(self, call: Call, here: str, there: str) -> list[Row]:
        link = self._links.default_type(call.from_kind, call.to_kind)
        self._portal.link(call.from_kind, here, call.to_kind, there, link, call.author)
        return [_one_way(here, there, link.id), _one_way(there, here, link.back)]

    def _typed(self, call: Call, here: str, there: str, specs: list[Row]) -> None:
        if not specs:
            raise invalid("At least one association type is required", code="REQUIRED_FIELD")
        links = [
            self._links.type(call.from_kind, call.to_kind, int(one.get("associationTypeId", 0)))
            for one in specs
        ]
        for link in links:
            self._portal.link(call.from_kind, here, call.to_kind, there, link, call.author)

    def _named(self, call: Call, name: str) -> LinkType:
        for link in self._links.types(call.from_kind, call.to_kind):
            if name in (str(link.id), self._links.name_of(call.from_kind, call.to_kind, link)):
                return link
        raise invalid(f"{name} is not an association type", code="INVALID_ASSOCIATION_TYPE")

    def _remove(self, call: Call, here: str, there: str) -> None:
        self._portal.unlink(call.from_kind, here, call.to_kind, there, call.author)

    def _each(self, call: Call, one: Any, *, status: int = 200) -> Answer:
        results: list[Row] = []
        errors: list[Row] = []
        for row in call.inputs():
            try:
                results += one(row)
            except Refusal as refusal:
                errors.append(refusal.in_batch({}))
        return self._answer(results, errors, status=status)

    def _answer(self, results: list[Row], errors: list[Row], *, status: int = 200) -> Answer:
        return batch_answer(moment(self._portal.now()), results, errors, status=status)


def _one_way(here: str, there: str, type_id: int) -> Row:
    return {
        "from": {"id": here},
        "to": {"id": there},
        "associationSpec": {
            "associationCategory": "HUBSPOT_DEFINED",
            "associationTypeId": type_id,
        },
    }


def _partner(other: str, types: list[LinkType]) -> Row:
    return {"toObjectId": other, "associationTypes": [_spec(one) for one in types]}


def _spec(link: LinkType) -> Row:
    # A type without a label leaves the field out: the official schema has no null in it.
    return {name: value for name, value in link.spec().items() if value is not None}


def _labels(call: Call, here: str, there: str) -> Row:
    return {
        "fromObjectTypeId": call.from_kind.type_id,
        "fromObjectId": here,
        "toObjectTypeId": call.to_kind.type_id,
        "toObjectId": there,
        "labels": [],
    }


def _end(row: Row, name: str) -> str:
    end = row.get(name)
    if not isinstance(end, dict) or not end.get("id"):
        raise invalid(f"Invalid input JSON: {name}.id is required", code="REQUIRED_FIELD")
    return str(end["id"])


def _nothing_there(call: Call, here: str) -> Refusal:
    from_kind: Kind = call.from_kind
    refusal = not_found(
        f"No {call.to_kind.singular} is associated with {from_kind.singular} {here}.",
        fromObjectId=here,
        fromObjectType=from_kind.singular,
        toObjectType=call.to_kind.singular,
    )
    refusal.sub_category = "crm.associations.NO_ASSOCIATIONS_FOUND"
    return refusal
