"""The pages: what each shows, read in one transaction. How it looks is in the templates."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from tricord.console.bars import Segment, segments
from tricord.core.account import Account
from tricord.core.commands import CreateInvoice, EffectState
from tricord.core.ledger import standings
from tricord.core.money import Money, total
from tricord.core.policy.types import Policy
from tricord.core.story import Entry, System, story
from tricord.store import views
from tricord.store.account_views import Ageing, totals_of
from tricord.store.contract_views import DealRow, deal_row
from tricord.store.database import Tx
from tricord.store.row_views import CommandRow, InvoiceRow, Totals

PER_PAGE = 50
_LATEST = 12
_PRESSING = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asked for, as texts: the path's names and the query's."""

    path: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def page(self) -> int:
        text = self.query.get("page", "1")
        return max(1, min(int(text), 10_000)) if text.isascii() and text.isdigit() else 1

    @property
    def offset(self) -> int:
        return (self.page - 1) * PER_PAGE


Content = dict[str, object]
Page = Callable[[Tx, Asked, Policy], Content | None]
"""The values of a template; None when there is no such thing."""
