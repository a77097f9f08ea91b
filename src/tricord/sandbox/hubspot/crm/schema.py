"""Property definitions and their groups, for every kind of record."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tricord.sandbox.hubspot.crm.kinds import Kind
from tricord.sandbox.hubspot.crm.refusals import conflict, invalid, not_found
from tricord.sandbox.hubspot.crm.values import moment

TYPES = ("string", "number", "date", "datetime", "enumeration", "bool", "phone_number")
FIELD_TYPES = (
    "textarea",
    "text",
    "date",
    "file",
    "number",
    "select",
    "radio",
    "checkbox",
    "booleancheckbox",
    "calculation_equation",
    "html",
    "phonenumber",
)


@dataclass(slots=True, kw_only=True)
class Property:
    """One definition. `external` options live elsewhere (pipelines, owners), not in `options`."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    description: str = ""
    options: list[dict[str, Any]] = field(default_factory=list)
    unique: bool = False
    read_only: bool = False
    calculated: bool = False
    external: bool = False
    hubspot_defined: bool = False
    hidden: bool = False
    form_field: bool = False
    display_order: int = -1
    referenced: str | None = None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    @property
    def archived(self) -> bool:
        return self.archived_at is not None

    def shown(self) -> dict[str, Any]:
        seen: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": self.options,
            "displayOrder": self.display_order,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined,
            "calculated": self.calculated,
            "externalOptions": self.external,
            "formField": self.form_field,
            "archived": self.archived,
            "dataSensitivity": "non_sensitive",
            "createdAt": moment(self.created_at),
            "updatedAt": moment(self.updated_at),
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyValue": self.read_only,
                "readOnlyOptions": self.hubspot_defined,
            },
        }
        if self.referenced is not None:
            seen["referencedObjectType"] = self.referenced
        if self.archived_at is not None:
            seen["archivedAt"] = moment(self.archived_at)
        return seen


@dataclass(slots=True, kw_only=True)
class Group:
    name: str
    label: str
    display_order: int = -1
    archived: bool = False

    def shown(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "displayOrder": self.display_order,
            "archived": self.archived,
        }


class Schema:
    """All definitions of an account."""

    def __init__(self) -> None:
        self._properties: dict[str, dict[str, Property]] = {}
        self._groups: dict[str, dict[str, Group]] = {}

    def properties(self, kind: Kind, *, archived: bool = False) -> list[Property]:
        known = self._properties.get(kind.name, {}).values()
        return [one for one in known if one.archived == archived]

    def find(self, kind: Kind, name: str) -> Property | None:
        found = self._properties.get(kind.name, {}).get(name.lower())
        return None if found is None or found.archived else found

    def property(self, kind: Kind, name: str, *, archived: bool = False) -> Property:
        found = self._properties.get(kind.name, {}).get(name.lower())
        if found is None or found.archived != archived:
            raise not_found(f"Property {name} does not exist.", propertyName=name)
        return found

    def add(self, kind: Kind, new: Property) -> Property:
        known = self._properties.setdefault(kind.name, {})
        before = known.get(new.name)
        if before is not None and not before.archived:
            raise conflict(f'A property named "{new.name}" already exists.')
        if new.group not in self._groups.get(kind.name, {}):
            raise invalid(f"Property group {new.group} does not exist", code="INVALID_GROUP")
        known[new.name] = new
        return new

    def groups(self, kind: Kind) -> list[Group]:
        return list(self._groups.get(kind.name, {}).values())

    def group(self, kind: Kind, name: str) -> Group:
        try:
            return self._groups[kind.name][name]
        except KeyError:
            raise not_found(f"Property group {name} does not exist.") from None

    def add_group(self, kind: Kind, new: Group) -> Group:
        known = self._groups.setdefault(kind.name, {})
        if new.name in known:
            raise conflict(f'A property group named "{new.name}" already exists.')
        known[new.name] = new
        return new

    def remove_group(self, kind: Kind, name: str) -> None:
        self.group(kind, name)
        if any(one.group == name for one in self.properties(kind)):
            raise invalid(f"Property group {name} still has properties")
        del self._groups[kind.name][name]
