"""Up to a hundred records at once; a row that fails leaves the others alone."""

from collections.abc import Callable
from typing import Any

from tricord.sandbox.hubspot.api.call import Answer, Call, batch_answer
from tricord.sandbox.hubspot.api.objects import partners_in, shown
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.refusals import Refusal, invalid
from tricord.sandbox.hubspot.crm.values import moment

Row = dict[str, Any]


class Batches:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def read(self, call: Call) -> Answer:
        body = call.object()
        history = [str(name) for name in body.get("propertiesWithHistory") or []]
        wanted = [str(name) for name in body.get("properties") or []]

        def one(row: Row) -> Row:
            record = self._portal.record(
                call.kind, _id(row), body.get("idProperty"), archived=call.flag("archived")
            )
            return shown(self._portal, record, wanted, history)

        return self._each(call, one)

    def create(self, call: Call) -> Answer:
        def one(row: Row) -> Row:
            partners = partners_in(self._portal, call.kind, row.get("associations"))
            properties = row.get("properties", {})
            record = self._portal.create(call.kind, properties, call.author, partners)
            return shown(self._portal, record, [*record.values])

        return self._each(call, one, status=201)

    def update(self, call: Call) -> Answer:
        ids = [_id(row) for row in call.inputs()]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise invalid(
                f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique",
                code="DUPLICATE_IDS",
            )

        def one(row: Row) -> Row:
            record = self._portal.record(call.kind, _id(row), row.get("idProperty"))
            properties = row.get("properties", {})
            self._portal.update(record, properties, call.author)
            return shown(self._portal, record, [*properties])

        return self._each(call, one)

    def upsert(self, call: Call) -> Answer:
        """Finds each record by a unique property, and creates it where there is none."""

        def one(row: Row) -> Row:
            id_property = row.get("idProperty") or "hs_object_id"
            record = self._portal.find(call.kind, _id(row), id_property)
            properties = dict(row.get("properties") or {})
            new = record is None
            if record is None and id_property == "hs_object_id":
                record = self._portal.record(call.kind, _id(row))
            if record is None:
                properties = {id_property: _id(row)} | properties
                record = self._portal.create(call.kind, properties, call.author)
            else:
                self._portal.update(record, properties, call.author)
            return shown(self._portal, record, [*record.values]) | {"new": new}

        return self._each(call, one)

    def archive(self, call: Call) -> Answer:
        for row in call.inputs():
            record = self._portal.find(call.kind, _id(row))
            if record is not None:
                self._portal.archive(record, call.author)
        return 204, None

    def _each(self, call: Call, one: Callable[[Row], Row], *, status: int = 200) -> Answer:
        started = moment(self._portal.now())
        results, errors = [], []
        for row in call.inputs():
            trace = row.get("objectWriteTraceId")
            try:
                result = one(row)
            except Refusal as refusal:
                errors.append(_failed(row, refusal))
            else:
                results.append(result | {"objectWriteTraceId": trace} if trace else result)
        return batch_answer(started, results, errors, status=status)


def _failed(row: Row, refusal: Refusal) -> Row:
    named = {"ids": [str(row["id"])]} if "id" in row else {}
    if row.get("objectWriteTraceId"):
        named["objectWriteTraceId"] = [str(row["objectWriteTraceId"])]
    return refusal.in_batch(named)


def _id(row: Row) -> str:
    value = row.get("id")
    if value is None:
        raise invalid("Invalid input JSON: id is required", code="REQUIRED_FIELD")
    return str(value)
