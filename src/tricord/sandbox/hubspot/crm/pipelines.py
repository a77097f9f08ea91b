"""Pipelines and their stages; a stage's id is what `dealstage` holds."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tricord.sandbox.hubspot.crm.refusals import invalid, not_found
from tricord.sandbox.hubspot.crm.values import moment


@dataclass(slots=True, kw_only=True)
class Stage:
    id: str
    label: str
    display_order: int
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime

    @property
    def closed(self) -> bool:
        return self.metadata.get("isClosed") == "true"

    @property
    def won(self) -> bool:
        return self.closed and float(self.metadata.get("probability", "0")) == 1.0

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "label": self.label,
            "displayOrder": self.display_order,
            "metadata": self.metadata,
            "createdAt": moment(self.created_at),
            "updatedAt": moment(self.updated_at),
            "archived": False,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }


@dataclass(slots=True, kw_only=True)
class Pipeline:
    id: str
    label: str
    display_order: int
    created_at: datetime
    updated_at: datetime
    stages: list[Stage] = field(default_factory=list)

    def stage(self, stage_id: str) -> Stage:
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        raise not_found(f"Stage {stage_id} does not exist in pipeline {self.id}")

    def in_order(self) -> list[Stage]:
        return sorted(self.stages, key=lambda stage: stage.display_order)

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "label": self.label,
            "displayOrder": self.display_order,
            "createdAt": moment(self.created_at),
            "updatedAt": moment(self.updated_at),
            "archived": False,
            "stages": [stage.shown() for stage in self.in_order()],
        }


class Pipelines:
    """The pipelines of deals; other kinds have none in this box."""

    def __init__(self, now: datetime) -> None:
        self._known = {"default": _sales_pipeline(now)}

    def all(self) -> list[Pipeline]:
        return sorted(self._known.values(), key=lambda one: one.display_order)

    def pipeline(self, pipeline_id: str) -> Pipeline:
        try:
            return self._known[pipeline_id]
        except KeyError:
            raise not_found(f"Pipeline {pipeline_id} does not exist") from None

    def stage(self, stage_id: str) -> Stage | None:
        for pipeline in self._known.values():
            for stage in pipeline.stages:
                if stage.id == stage_id:
                    return stage
        return None

    def stage_ids(self) -> list[str]:
        return [stage.id for one in self.all() for stage in one.in_order()]

    def ids(self) -> list[str]:
        return [one.id for one in self.all()]

    def add(self, new: Pipeline) -> Pipeline:
        if any(one.label == new.label for one in self.all()):
            raise invalid(f"A pipeline labelled {new.label} already exists", code="DUPLICATE_LABEL")
        self._known[new.id] = new
        return new

    def remove(self, pipeline_id: str) -> None:
        self.pipeline(pipeline_id)
        if len(self._known) == 1:
            raise invalid("The last pipeline of an object type cannot be deleted")
        del self._known[pipeline_id]


def checked_metadata(metadata: dict[str, Any]) -> dict[str, str]:
    """Deal stages need a probability; `isClosed` follows from it when it is not given."""
    kept = {name: str(value).lower() for name, value in metadata.items()}
    try:
        probability = float(kept["probability"])
    except (KeyError, ValueError) as error:
        raise invalid(
            "Deal stages need metadata.probability between 0.0 and 1.0",
            code="REQUIRED_METADATA",
        ) from error
    if not 0.0 <= probability <= 1.0:
        raise invalid("metadata.probability must lie between 0.0 and 1.0", code="INVALID_METADATA")
    kept["probability"] = str(probability)
    kept.setdefault("isClosed", "true" if probability in (0.0, 1.0) else "false")
    return kept


def _sales_pipeline(now: datetime) -> Pipeline:
    rows = (
        ("appointmentscheduled", "Appointment scheduled", "0.2"),
        ("qualifiedtobuy", "Qualified to buy", "0.4"),
        ("contractsigned", "Contract signed", "0.8"),
        ("milestone1", "Milestone 1 delivered", "0.9"),
        ("complete", "Project complete", "1.0"),
        ("closedlost", "Closed lost", "0.0"),
    )
    return Pipeline(
        id="default",
        label="Sales pipeline",
        display_order=0,
        created_at=now,
        updated_at=now,
        stages=[
            Stage(
                id=stage_id,
                label=label,
                display_order=order,
                metadata=checked_metadata({"probability": probability}),
                created_at=now,
                updated_at=now,
            )
            for order, (stage_id, label, probability) in enumerate(rows)
        ],
    )
