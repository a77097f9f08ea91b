"""What a page is asked for, and what it answers with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tricord.console.door import Visitor
from tricord.core.policy.types import Policy
from tricord.store.database import Tx

PER_PAGE = 50
LONGEST_SEARCH = 200

Content = dict[str, object]
"""The values of a template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asked for: the path's name, if it has one, and the query's texts.

    `titles` says what people call the vendor of each connection.
    """

    name: str
    query: Mapping[str, str]
    policy: Policy
    visitor: Visitor
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def page(self) -> int:
        text = self.query.get("page", "")
        return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1

    @property
    def offset(self) -> int:
        return (self.page - 1) * PER_PAGE

    @property
    def search(self) -> str:
        return self.query.get("q", "").strip()[:LONGEST_SEARCH]

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """The value of a query's text, if it is one of those allowed; else ""."""
        value = self.query.get(name, "")
        return value if value in allowed else ""


Page = Callable[[Tx, Asked], Content | None]
"""What a page shows; None when there is no such thing."""


def turning(asked: Asked, found: int, **kept: str) -> Content:
    """Whether there are newer and older pages, and what their addresses keep.

    `found` counts the rows of this page and one more, if there is one.
    """
    held = {name: value for name, value in {"q": asked.search, **kept}.items() if value}
    return {"page": asked.page, "more": found > PER_PAGE, "kept": held}
