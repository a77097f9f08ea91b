"""A vendor's own books: which objects were made under each business key, so that all can count."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Entry:
    """`by` says where the key stands: a field of the object, or a header of the request."""

    kind: str
    key: str
    by: str
    ids: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "kind": self.kind,
            "key": self.key,
            "by": self.by,
            "count": len(self.ids),
            "ids": self.ids,
        }
        return said | ({"facts": self.facts} if self.facts else {})


def entries(found: Iterable[tuple[str, str, str, str]]) -> list[Entry]:
    """One entry for each (kind, key, by), from (kind, key, by, id), in the order they came."""
    known: dict[tuple[str, str, str], Entry] = {}
    for kind, key, by, id_ in found:
        entry = known.setdefault((kind, key, by), Entry(kind=kind, key=key, by=by))
        entry.ids.append(id_)
    return list(known.values())
