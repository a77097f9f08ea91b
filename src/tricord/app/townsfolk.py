"""The demo firm's clients: fifty that do not exist, and what becomes of each over ten weeks."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What a client's deal comes to.

    `faithful` pays everything, `regular` has the last invoice still open, `partial` pays part of
    one, `late` lets one fall due, `silent` has paid nothing for weeks, `contested` disputes,
    `returned` gets money back, `grand` needs an approval, `vague` has no contract value, `lost` is
    lost after its deposit, `refused` is one that the billing engine will not invoice, `budding` has
    not signed.
    """

    FAITHFUL = "faithful"
    REGULAR = "regular"
    PARTIAL = "partial"
    LATE = "late"
    SILENT = "silent"
    CONTESTED = "contested"
    RETURNED = "returned"
    GRAND = "grand"
    VAGUE = "vague"
    LOST = "lost"
    REFUSED = "refused"
    BUDDING = "budding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Townsman:
    """A client. `start` is the day, counted back from today, on which the deal is opened."""

    company: str
    person: str
    email: str
    phone: str
    deal: str
    amount: str
    start: int
    fate: Fate


_COMPANIES = (
    "Northwind Traders", "Blue Heron Clinic", "Alder & Pine", "Quayside Foods", "Lakeside Dental",
    "Brightwater & Sons", "Meridian Law", "Osprey Outdoor", "Juniper Veterinary", "Harrow Mill",
    "Saltmarsh Hotel", "Copperfield Books", "Tern Island Ferries", "Fennel & Rye", "Gantry Works",
    "Hollow Oak Cider", "Ivory Keys Music", "Kestrel Cycles", "Lantern House", "Marlow Glass",
    "Nettle Street Bakery", "Old Pier Brewing", "Paper Crane Press", "Quill & Compass",
    "Rookery Gardens", "Stonebridge Estates", "Thistle Textiles", "Umber Ceramics",
    "Vesper Opticians", "Willow Bend School", "Yarrow Apothecary", "Zephyr Sails", "Anchor Physio",
    "Birch Lane Nursery", "Cinder Coffee", "Dovecote Films", "Elmstead Joinery",
    "Foxglove Florists", "Granite Climbing", "Heath & Home", "Inkwell Tattoo", "Jackdaw Theatre",
    "Kiln Lane Pottery", "Larkspur Travel", "Moorhen Boats", "Nightjar Records",
    "Orchard Accounting", "Plover Logistics", "Redshank Surveyors", "Sandpiper Swimwear",
)  # fmt: skip
_FIRST = ("Ana", "Tom", "Mia", "Luis", "Ines", "Ada", "Priya", "Lena", "Marc", "Noor", "Jonas",
          "Elif", "Owen", "Sara", "Kofi", "Yuki", "Rosa", "Emil", "Tara", "Hugo")  # fmt: skip
_LAST = ("Lindqvist", "Okafor", "Sato", "Ferreira", "Vale", "Raman", "Fisk", "Duval", "Haddad",
         "Berg", "Yilmaz", "Price", "Novak", "Mensah", "Tanaka", "Ortiz", "Holm", "Byrne", "Moreau",
         "Kaya")  # fmt: skip
_DEALS = ("Brand refresh", "Website rebuild", "Product film", "Autumn campaign", "Patient portal",
          "Annual report", "Client intake platform", "Trail map app", "Booking site",
          "Packaging line")  # fmt: skip
_AMOUNTS = ("12000", "18500.50", "9600", "24000", "8400", "31000", "15750", "6400", "5600", "21250")
_FATES = (
    *[Fate.FAITHFUL] * 11, *[Fate.REGULAR] * 10, *[Fate.LATE] * 7, *[Fate.PARTIAL] * 5,
    *[Fate.SILENT] * 4, *[Fate.CONTESTED] * 2, *[Fate.RETURNED] * 2, *[Fate.GRAND] * 2,
    *[Fate.VAGUE] * 1, *[Fate.LOST] * 1, *[Fate.REFUSED] * 1, *[Fate.BUDDING] * 4,
)  # fmt: skip
_STARTS = {
    Fate.FAITHFUL: (72, 50),
    Fate.REGULAR: (44, 24),
    Fate.LATE: (58, 34),
    Fate.PARTIAL: (40, 22),
    Fate.SILENT: (74, 62),
    Fate.CONTESTED: (36, 30),
    Fate.RETURNED: (48, 40),
    Fate.GRAND: (9, 5),
    Fate.VAGUE: (6, 6),
    Fate.LOST: (26, 26),
    Fate.REFUSED: (5, 5),
    Fate.BUDDING: (12, 3),
}
LONGEST_AGO = 76


def townsfolk() -> Iterator[Townsman]:
    """All fifty, always the same, in no order of time."""
    # A stride that shares no factor with fifty deals every fate to unlike names.
    for place, fate in enumerate(_FATES):
        number = place * 7 % len(_COMPANIES)
        company = _COMPANIES[number]
        first, last = _FIRST[place % len(_FIRST)], _LAST[(place * 3 + 1) % len(_LAST)]
        domain = "".join(sign for sign in company.lower() if sign.isalnum())
        yield Townsman(
            company=company,
            person=f"{first} {last}",
            email=f"{first.lower()}@{domain}.example",
            phone=f"+1202555{100 + place:04d}",
            deal=_DEALS[place % len(_DEALS)],
            amount=_amount(place, fate),
            start=_start(place, fate),
            fate=fate,
        )


def _amount(place: int, fate: Fate) -> str:
    if fate is Fate.GRAND:
        return "96000" if place % 2 else "118000"
    if fate is Fate.VAGUE:
        return ""
    return _AMOUNTS[place * 3 % len(_AMOUNTS)]


def _start(place: int, fate: Fate) -> int:
    """Spread evenly over the days on which deals of this fate are opened."""
    first, last = _STARTS[fate]
    same = [at for at, held in enumerate(_FATES) if held is fate]
    if len(same) == 1:
        return first
    return first - (first - last) * same.index(place) // (len(same) - 1)
