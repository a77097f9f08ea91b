"""What HubSpot says when it will not: a status and the error body of its documents."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True, eq=False)
class Refusal(Exception):
    """One refused request; `body` is what goes over the wire."""

    status: int
    message: str
    category: str | None = None
    sub_category: str | None = None
    context: dict[str, list[str]] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.message}"

    def body(self, correlation_id: str) -> dict[str, Any]:
        said: dict[str, Any] = {
            "status": "error",
            "message": self.message,
            "correlationId": correlation_id,
        }
        if self.category is not None:
            said["category"] = self.category
        if self.sub_category is not None:
            said["subCategory"] = self.sub_category
        if self.context:
            said["context"] = self.context
        if self.errors:
            said["errors"] = self.errors
        return said | self.extra

    def in_batch(self, inputs: dict[str, list[str]]) -> dict[str, Any]:
        """The same refusal as one row of a 207; `inputs` joins its context."""
        row: dict[str, Any] = {
            "status": "error",
            "category": self.category or "VALIDATION_ERROR",
            "message": self.message,
            "context": self.context | inputs,
            "errors": self.errors,
            "links": {},
        }
        if self.sub_category is not None:
            row["subCategory"] = self.sub_category
        return row


def invalid(message: str, *, code: str | None = None, **context: str) -> Refusal:
    """A 400 about one thing; `context` names it."""
    named = {name: [value] for name, value in context.items()}
    errors = [{"message": message, "code": code, "context": named}] if code else []
    return Refusal(status=400, message=message, category="VALIDATION_ERROR", errors=errors)


def invalid_values(faults: list[tuple[str, str, str]]) -> Refusal:
    """A 400 about property values, from (name, code, message) of every fault found."""
    told = [
        {"isValid": False, "message": message, "error": code, "name": name}
        for name, code, message in faults
    ]
    return Refusal(
        status=400,
        message=f"Property values were not valid: {json.dumps(told, separators=(',', ':'))}",
        category="VALIDATION_ERROR",
        errors=[
            {"message": message, "code": code, "context": {"propertyName": [name]}}
            for name, code, message in faults
        ],
    )


def not_found(message: str = "resource not found", **context: str) -> Refusal:
    return Refusal(
        status=404,
        message=message,
        category="OBJECT_NOT_FOUND",
        context={name: [value] for name, value in context.items()},
    )


def conflict(message: str) -> Refusal:
    return Refusal(status=409, message=message, category="CONFLICT")
