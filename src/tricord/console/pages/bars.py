"""Bars of money: which parts each has, and what they are called."""

from dataclasses import fields

from tricord.console.charts import Segment, segments
from tricord.console.wording import words
from tricord.store.contract_views import DealRow
from tricord.store.row_views import Totals


def ageing_bar(one: Totals) -> tuple[Segment, ...]:
    parts = [(getattr(one.ageing, field.name), field.name) for field in fields(one.ageing)]
    return segments([(money, f"age-{name}", f"{money} {words(name)}") for money, name in parts])


def deal_bar(deal: DealRow) -> tuple[Segment, ...]:
    return segments(
        [
            (
                share.amount,
                share.state,
                f"{share.installment}: {share.amount}, {words(share.state)}",
            )
            for share in deal.shares
        ]
    )
