"""Pages: all records of one kind at a vendor, listed whole and page by page, to be resumed."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

from tricord.core.ids import Ref
from tricord.core.records import Record
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Response, Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A row that stands in the vendor's list and cannot be read, with what is wrong with it."""

    ref: Ref
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of all records of a kind. `records` may hold others that come along with them.

    `cursor` is where the next page starts; on the last page, where to look for what is new.
    `total` is how many there are in all by the vendor's own count, None where it does not say.
    `capped` says that the vendor stops here although there may be more: then nothing is complete.
    """

    cursor: str
    more: bool
    records: tuple[Record, ...] = ()
    unread: tuple[Unread, ...] = ()
    total: int | None = None
    capped: bool = False


Paging = Generator[Wire, Response, Page]


def read_rows(
    rows: Iterable[Reader], name: Callable[[Reader], Ref], make: Callable[[Reader], Record]
) -> tuple[tuple[Record, ...], tuple[Unread, ...]]:
    """Each row as a record; one that is malformed is told, and does not hide the others.

    Raises PayloadMalformed for a row that does not even have an id.
    """
    records: list[Record] = []
    unread: list[Unread] = []
    for row in rows:
        ref = name(row)
        try:
            records.append(make(row))
        except PayloadMalformed as error:
            unread.append(Unread(ref=ref, problem=error.detail))
    return tuple(records), tuple(unread)
