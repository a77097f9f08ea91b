"""The directory: the names that are sealed in the store, kept opened in memory to be searched.

Each search first reads on, a bounded batch at a time, so the first ones after a start may not have
seen every name yet, and say so. Nothing of it is written anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tricord.core.ids import Ref
from tricord.store import search_views
from tricord.store.database import Tx
from tricord.store.search_views import Hit, Named

AT_ONCE = 2_000
MOST = 200_000
_FOUND_AT_MOST = 8
_BEFORE_ALL = ("", "", "")


@dataclass(slots=True)
class Directory:
    """One process's. Written by the reading threads, each assignment whole; a race repeats work."""

    accounts: dict[str, str] = field(default_factory=dict)
    records: dict[Ref, Named] = field(default_factory=dict)
    is_whole: bool = False
    _changed: tuple[int, str] = (0, "")
    _observed: int = -1
    _reached: tuple[str, str, str] | None = _BEFORE_ALL

    def search(self, tx: Tx, wanted: str) -> list[Hit]:
        """What has `wanted` in its name or number, or as its id; the nearest to its start first."""
        self.read_on(tx)
        found = search_views.exact(tx, wanted)
        folded = wanted.casefold()
        if len(folded) > 1:
            named = sorted(self._named(folded), key=lambda pair: pair[0])
            found += [hit for _, hit in named]
        kept: dict[tuple[str, str], Hit] = {}
        for hit in found:
            known = kept.setdefault((hit.kind, hit.id), hit)
            if not known.label and hit.label:
                kept[hit.kind, hit.id] = hit
        return list(kept.values())

    def read_on(self, tx: Tx) -> None:
        """Read the next names, and those that have changed: a batch of each, no more."""
        if self._observed < 0:
            self._observed = search_views.latest_observation(tx)
        people = search_views.account_names(tx, self._changed, AT_ONCE)
        for changed, account, name in people:
            if name and len(self.accounts) < MOST:
                self.accounts[account] = name
            else:
                self.accounts.pop(account, None)
            self._changed = (changed, account)
        first = self._first(tx)
        self._observed, changes = search_views.changed_names(tx, self._observed, AT_ONCE)
        self._keep(changes)
        self.is_whole = len(people) < AT_ONCE and first < AT_ONCE and len(changes) < AT_ONCE

    def _first(self, tx: Tx) -> int:
        """The next batch of what was there before this process began."""
        if self._reached is None:
            return 0
        batch = search_views.record_names(tx, self._reached, AT_ONCE)
        self._keep(batch)
        last = batch[-1].ref if len(batch) == AT_ONCE else None
        self._reached = (last.connection, str(last.kind), last.external_id) if last else None
        return len(batch)

    def _keep(self, batch: list[Named]) -> None:
        for named in batch:
            if named.label and len(self.records) < MOST:
                self.records[named.ref] = named
            else:
                self.records.pop(named.ref, None)

    def _named(self, folded: str) -> Iterator[tuple[tuple[int, int, str], Hit]]:
        count = 0
        for account, name in list(self.accounts.items()):
            place = name.casefold().find(folded)
            if place >= 0:
                count += 1
                yield (place, 0, name), Hit(kind="account", id=account, account=account, label=name)
            if count == _FOUND_AT_MOST * 4:
                break
        count = 0
        for named in list(self.records.values()):
            place = named.label.casefold().find(folded)
            if place >= 0:
                count += 1
                yield (
                    (place, 1, named.label),
                    Hit(kind=str(named.ref.kind), id=str(named.ref), account=named.account,
                        label=named.label),
                )  # fmt: skip
            if count == _FOUND_AT_MOST * 4:
                break
