"""Associations between records: pairs, seen from both ends, each with its type ids."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tricord.sandbox.hubspot.crm.kinds import Kind
from tricord.sandbox.hubspot.crm.refusals import invalid

End = tuple[str, str]
"""A kind's name and a record's id."""

# from, to, type id from there, type id back. The first company of a contact or a deal is its
# primary one, which HubSpot says with a second type on the same pair.
_UNLABELLED = (
    ("contacts", "companies", 279, 280),
    ("contacts", "deals", 4, 3),
    ("deals", "companies", 341, 342),
    ("deals", "line_items", 19, 20),
    ("companies", "calls", 181, 182),
    ("companies", "emails", 185, 186),
    ("companies", "meetings", 187, 188),
    ("companies", "notes", 189, 190),
    ("companies", "tasks", 191, 192),
    ("contacts", "calls", 193, 194),
    ("contacts", "emails", 197, 198),
    ("contacts", "meetings", 199, 200),
    ("contacts", "notes", 201, 202),
    ("contacts", "tasks", 203, 204),
    ("deals", "calls", 205, 206),
    ("deals", "emails", 209, 210),
    ("deals", "meetings", 211, 212),
    ("deals", "notes", 213, 214),
    ("deals", "tasks", 215, 216),
    ("communications", "contacts", 81, 82),
    ("communications", "deals", 85, 86),
    ("communications", "companies", 87, 88),
    ("invoices", "deals", 175, 176),
    ("invoices", "contacts", 177, 178),
    ("invoices", "companies", 179, 180),
    ("invoices", "line_items", 409, 410),
    ("contacts", "contacts", 449, 449),
)
_PRIMARY = (
    ("contacts", "companies", 1, 2),
    ("deals", "companies", 5, 6),
)


@dataclass(frozen=True, slots=True)
class LinkType:
    id: int
    back: int
    primary: bool

    def spec(self) -> dict[str, Any]:
        return {
            "category": "HUBSPOT_DEFINED",
            "typeId": self.id,
            "label": "Primary" if self.primary else None,
        }


class Links:
    """All associations of an account. Both ends are kept, so both can be read alike."""

    def __init__(self) -> None:
        self._types = _both_ways()
        self._pairs: dict[End, dict[End, list[LinkType]]] = {}

    def types(self, from_: Kind, to: Kind) -> list[LinkType]:
        return self._types.get((from_.name, to.name), [])

    def partners_of(self, kind: Kind) -> list[str]:
        """The names of the kinds that `kind` can be associated with."""
        return [to for one, to in self._types if one == kind.name]

    def type(self, from_: Kind, to: Kind, type_id: int) -> LinkType:
        for one in self.types(from_, to):
            if one.id == type_id:
                return one
        raise invalid(
            f"{type_id} is not a valid association type between {from_.name} and {to.name}",
            code="INVALID_ASSOCIATION_TYPE",
            associationTypeId=str(type_id),
        )

    def default_type(self, from_: Kind, to: Kind) -> LinkType:
        for one in self.types(from_, to):
            if not one.primary:
                return one
        raise invalid(f"{from_.name} cannot be associated with {to.name}")

    def add(self, from_: Kind, one: str, to: Kind, other: str, wanted: LinkType) -> bool:
        """Associates two records; True when the pair is new. Adding twice changes nothing."""
        here, there = (from_.name, one), (to.name, other)
        new = there not in self._pairs.get(here, {})
        self._put(here, there, self.default_type(from_, to))
        primary = next((kind for kind in self.types(from_, to) if kind.primary), None)
        if primary is not None:
            # A contact or a deal has one primary company, not the other way round; 1 < 2 and 5 < 6.
            owner, partner = (here, there) if primary.id < primary.back else (there, here)
            first = not any(self._is_primary(owner, end) for end in self._pairs[owner])
            if wanted.primary or first:
                self._take_primary_from(owner, partner[0])
                self._put(here, there, primary)
        return new

    def remove(self, here: End, there: End) -> bool:
        self._pairs.get(there, {}).pop(here, None)
        return self._pairs.get(here, {}).pop(there, None) is not None

    def of(self, here: End, kind: Kind | None = None) -> list[tuple[End, list[LinkType]]]:
        """The partners of a record (of one kind), oldest association first."""
        known = self._pairs.get(here, {}).items()
        return [(end, types) for end, types in known if kind is None or end[0] == kind.name]

    def drop(self, here: End) -> list[End]:
        gone = list(self._pairs.pop(here, {}))
        for there in gone:
            self._pairs[there].pop(here, None)
        return gone

    def every_pair(self) -> Iterator[tuple[End, End, list[int]]]:
        seen: set[tuple[End, End]] = set()
        for here, partners in self._pairs.items():
            for there, types in partners.items():
                if (there, here) not in seen:
                    seen.add((here, there))
                    yield here, there, [one.id for one in types]

    def name_of(self, from_: Kind, to: Kind, link: LinkType) -> str:
        """`deal_to_company` is the primary one where there is one, else the only one."""
        base = f"{from_.singular}_to_{to.singular}"
        has_primary = any(one.primary for one in self.types(from_, to))
        return f"{base}_unlabeled" if has_primary and not link.primary else base

    def _put(self, here: End, there: End, link: LinkType) -> None:
        for one, other, kind in (
            (here, there, link),
            (there, here, LinkType(link.back, link.id, link.primary)),
        ):
            types = self._pairs.setdefault(one, {}).setdefault(other, [])
            if kind not in types:
                types.append(kind)
                types.sort(key=lambda known: not known.primary)

    def _is_primary(self, here: End, there: End) -> bool:
        return any(link.primary for link in self._pairs[here][there])

    def _take_primary_from(self, owner: End, partner_kind: str) -> None:
        for end in self._pairs[owner]:
            if end[0] == partner_kind:
                for one, other in ((owner, end), (end, owner)):
                    kept = [link for link in self._pairs[one][other] if not link.primary]
                    self._pairs[one][other] = kept


def _both_ways() -> dict[tuple[str, str], list[LinkType]]:
    types: dict[tuple[str, str], list[LinkType]] = {}
    for rows, primary in ((_PRIMARY, True), (_UNLABELLED, False)):
        for one, other, there, back in rows:
            types.setdefault((one, other), []).append(LinkType(there, back, primary))
            if one != other:
                types.setdefault((other, one), []).append(LinkType(back, there, primary))
    return types
