"""Deal pipelines and stages over HTTP."""

from typing import Any

from tricord.sandbox.hubspot.api.call import Answer, Call
from tricord.sandbox.hubspot.crm.pipelines import Pipeline, Stage, checked_metadata
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.refusals import invalid


class PipelinePages:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._pipelines = portal.pipelines

    def page(self, call: Call) -> Answer:
        known = self._pipelines.all() if call.kind.name == "deals" else []
        return 200, {"results": [one.shown() for one in known]}

    def create(self, call: Call) -> Answer:
        body, now = self._body(call), self._portal.now()
        new = Pipeline(
            id=self._new_id(),
            label=call.text("label"),
            display_order=int(body.get("displayOrder", 0)),
            created_at=now,
            updated_at=now,
            stages=[self._stage(row) for row in body.get("stages") or []],
        )
        return 201, self._pipelines.add(new).shown()

    def read(self, call: Call) -> Answer:
        return 200, self._of(call).shown()

    def change(self, call: Call) -> Answer:
        known, body = self._of(call), call.object()
        known.label = str(body.get("label", known.label))
        known.display_order = int(body.get("displayOrder", known.display_order))
        known.updated_at = self._portal.now()
        return 200, known.shown()

    def replace(self, call: Call) -> Answer:
        known = self._of(call)
        stages = [self._stage(row) for row in call.object().get("stages") or []]
        self._check_empty([one.id for one in known.stages])
        known.stages = stages
        return self.change(call)

    def archive(self, call: Call) -> Answer:
        self._check_empty([one.id for one in self._of(call).stages])
        self._pipelines.remove(call.path["pipeline"])
        return 204, None

    def stages(self, call: Call) -> Answer:
        return 200, {"results": [one.shown() for one in self._of(call).in_order()]}

    def create_stage(self, call: Call) -> Answer:
        new = self._stage(self._body(call))
        self._of(call).stages.append(new)
        return 201, new.shown()

    def read_stage(self, call: Call) -> Answer:
        return 200, self._of(call).stage(call.path["stage"]).shown()

    def change_stage(self, call: Call) -> Answer:
        known, body = self._of(call).stage(call.path["stage"]), call.object()
        known.label = str(body.get("label", known.label))
        known.display_order = int(body.get("displayOrder", known.display_order))
        if "metadata" in body:
            known.metadata = checked_metadata(known.metadata | body["metadata"])
        known.updated_at = self._portal.now()
        return 200, known.shown()

    def archive_stage(self, call: Call) -> Answer:
        pipeline = self._of(call)
        known = pipeline.stage(call.path["stage"])
        self._check_empty([known.id])
        pipeline.stages.remove(known)
        return 204, None

    def _body(self, call: Call) -> dict[str, Any]:
        if call.kind.name != "deals":
            raise invalid(f"{call.kind.name} have no pipelines here")
        return call.object()

    def _of(self, call: Call) -> Pipeline:
        if call.kind.name != "deals":
            raise invalid(f"{call.kind.name} have no pipelines here")
        return self._pipelines.pipeline(call.path["pipeline"])

    def _stage(self, row: dict[str, Any]) -> Stage:
        if not row.get("label"):
            raise invalid("Every stage needs a label", code="REQUIRED_FIELD")
        now = self._portal.now()
        return Stage(
            id=self._new_id(),
            label=str(row["label"]),
            display_order=int(row.get("displayOrder", 0)),
            metadata=checked_metadata(row.get("metadata") or {}),
            created_at=now,
            updated_at=now,
        )

    def _check_empty(self, stage_ids: list[str]) -> None:
        deals = self._portal.records(self._portal.deals)
        if any(one.values.get("dealstage") in stage_ids for one in deals):
            raise invalid("There are deals in these stages", code="STAGE_IN_USE")

    def _new_id(self) -> str:
        return str(self._portal.dice.randint(100_000_000, 999_999_999))
