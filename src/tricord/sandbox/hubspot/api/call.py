"""One request as the endpoints see it, whatever version its path was written in."""

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from tricord.sandbox.hubspot.crm.kinds import Kind, kind_named
from tricord.sandbox.hubspot.crm.records import Author
from tricord.sandbox.hubspot.crm.refusals import invalid

MOST_IN_BATCH = 100

Answer = tuple[int, Any]
"""Status and JSON body; a body of None sends nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`version` is what stood in the path: "v3", "v4" or a date. `url` is without its query."""

    path: dict[str, str]
    query: QueryParams
    body: Any
    size: int
    version: str
    url: str
    author: Author

    @property
    def kind(self) -> Kind:
        return kind_named(self.path["type"])

    @property
    def from_kind(self) -> Kind:
        return kind_named(self.path["from_type"])

    @property
    def to_kind(self) -> Kind:
        return kind_named(self.path["to_type"])

    def names(self, parameter: str) -> list[str]:
        """A list in the query, sent as `a,b` or by repeating the parameter."""
        return [
            part.strip()
            for one in self.query.getlist(parameter)
            for part in one.split(",")
            if part.strip()
        ]

    def flag(self, parameter: str) -> bool:
        return self.query.get(parameter, "false").lower() == "true"

    def number(self, parameter: str, default: int, most: int) -> int:
        try:
            wanted = int(self.query.get(parameter, default))
        except ValueError:
            raise invalid(f"{parameter} must be a number") from None
        if not 1 <= wanted <= most:
            raise invalid(f"{parameter} must be between 1 and {most}, was {wanted}")
        return wanted

    def object(self) -> dict[str, Any]:
        if not isinstance(self.body, dict):
            raise invalid("Invalid input JSON: an object was expected")
        return self.body

    def inputs(self) -> list[dict[str, Any]]:
        """The rows of a batch request."""
        inputs = self.object().get("inputs")
        if not isinstance(inputs, list) or not all(isinstance(row, dict) for row in inputs):
            raise invalid("Invalid input JSON: inputs must be a list of objects")
        if len(inputs) > MOST_IN_BATCH:
            raise invalid(
                f"The maximum number of inputs supported in a batch request is {MOST_IN_BATCH}, "
                f"but {len(inputs)} were found"
            )
        return inputs

    def text(self, name: str) -> str:
        value = self.object().get(name)
        if not isinstance(value, str) or not value:
            raise invalid(f"Invalid input JSON: {name} is required", code="REQUIRED_FIELD")
        return value


def batch_answer(
    started: str, results: list[Any], errors: list[Any] | None = None, *, status: int = 200
) -> Answer:
    """The body of every batch endpoint; 207 as soon as one row failed."""
    said: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": started,
        "completedAt": started,
    }
    if not errors:
        return status, said
    return 207, said | {"numErrors": len(errors), "errors": errors}
