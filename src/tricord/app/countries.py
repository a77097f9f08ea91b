"""Countries: where a firm is, judged from its time zone and its currency."""

import functools
from importlib import resources

from tricord.core.addresses import is_country


def country_of(zone: str, currency: str) -> str:
    """Two letters (ISO 3166): the zone's country, else the currency's, else "".

    The time zone database says which country each zone is named for; most currencies begin with
    their country's letters (ISO 4217). Zones such as UTC and the euro belong to none.
    """
    guess = _zones().get(zone) or currency[:2]
    return guess if is_country(guess) else ""


@functools.cache
def _zones() -> dict[str, str]:
    text = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return {row[2]: row[0] for row in rows}
