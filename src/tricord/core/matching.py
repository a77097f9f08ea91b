"""Matching: how likely two sets of details are one client's, with the reasons in words. Pure.

Each detail that agrees or differs adds its weight (a natural logarithm of odds, after Fellegi and
Sunter, 1969) to what two clients picked at random start with; the sum becomes a score from 0 to 1.
The weights are judgement, checked against `benchmarks/matching.py`; docs/identity.md tells them.
"""

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from tricord.core.nicknames import NICKNAMES

CERTAIN = 0.98
"""From here on a record is linked without a person, if no other account comes near."""
POSSIBLE = 0.5
"""From here on a person is asked."""

PRIOR = -4.4
EMAIL, DOMAIN, PHONE = 10.0, 9.0, 9.0
SHARED = 3.5
NAME_SAME, NAME_ALIKE, NAME_NEAR, NAME_OTHER, NAME_UNLIKE = 5.0, 3.0, 1.0, -1.0, -3.0
LOCAL_PART, ADDRESS_SAME = 3.0, 3.0
DOMAIN_OTHER, PHONE_OTHER, ADDRESS_OTHER = -0.5, -0.3, -0.5


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEGAL = _words("""
    ab ag aps as asa bv co company corp corporation gmbh group holding holdings inc
    incorporated kg kk limited llc llp lp ltd mbh nv ohg oy oyj plc pllc plt pty sa sarl sas
    se sl spa srl srls the and und et y e
""")
_ROLES = _words("""
    accounting accounts admin ap billing contact finance hello info invoice invoices mail me
    office payables sales support team
""")
_WORD = re.compile(r"[^\W_]+")
_SHORT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of a client, each kind of detail in one form (see `core.addresses`)."""

    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    def joined(self, other: "Profile") -> "Profile":
        return Profile(
            names=_once(self.names, other.names),
            emails=_once(self.emails, other.emails),
            domains=_once(self.domains, other.domains),
            phones=_once(self.phones, other.phones),
            places=_once(self.places, other.places),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How likely two profiles are one client's, and why: sentences without personal data."""

    score: float
    reasons: tuple[str, ...]
    keys: tuple[str, ...] = ()
    """Which of `email`, `phone` and `domain` agree; without one nothing is certain."""

    @property
    def certain(self) -> bool:
        return bool(self.keys) and self.score >= CERTAIN


def compare(one: Profile, other: Profile, *, shared: frozenset[str] = frozenset()) -> Likeness:
    """`shared` names the keys that lead to several accounts: agreeing there tells much less."""
    found: list[tuple[float, str]] = []
    keys: list[str] = []
    for key, words, ours, theirs, weight, otherwise in (
        ("email", "e-mail address", one.emails, other.emails, EMAIL, 0.0),
        ("domain", "domain", one.domains, other.domains, DOMAIN, DOMAIN_OTHER),
        ("phone", "phone number", one.phones, other.phones, PHONE, PHONE_OTHER),
    ):
        if set(ours) & set(theirs):
            keys.append(key)
            common = key in shared
            told = f"the same {words}" + (", which several accounts have" if common else "")
            found.append((SHARED if common else weight, told))
        elif ours and theirs and otherwise:
            found.append((otherwise, f"another {words}"))
    if "email" not in keys and _locals(one) & _locals(other):
        found.append((LOCAL_PART, "the same name before the @"))
    found += [*_names(one, other), *_places(one, other)]
    total = PRIOR + math.fsum(weight for weight, _ in found)
    return Likeness(
        score=round(1 / (1 + math.exp(-total)), 4),
        reasons=tuple(words for _, words in sorted(found, key=lambda each: -each[0])),
        keys=tuple(keys),
    )


def ranked(found: Iterable[tuple[str, Likeness]]) -> list[tuple[str, Likeness]]:
    """The likeliest first; equals by name, so that the order never depends on chance."""
    return sorted(found, key=lambda each: (-each[1].score, each[0]))


def alike(one: str, other: str) -> float:
    """How alike two names are, from 0 to 1, whatever their order, accents and legal forms."""
    ours, theirs = _plain(one), _plain(other)
    if not ours or not theirs:
        return 0.0
    whole = max(fuzz.token_sort_ratio(a, b) for a in ours for b in theirs)
    # A name within the other one: "Northwind" of "Northwind Traders" may be another company's.
    part = 0.88 * max(fuzz.token_set_ratio(a, b) for a in ours for b in theirs)
    return max(whole, part) / 100


def blocks_of(name: str) -> frozenset[str]:
    """Short pieces of a name under which alike names meet, so that not all need be compared."""
    words = {word for text in _plain(name) for word in text.split()}
    return frozenset(
        piece
        for word in words
        if len(word) >= _SHORT
        for piece in (f"^{word[:4]}", f"{word[-4:]}$")
    )


def _names(one: Profile, other: Profile) -> list[tuple[float, str]]:
    pairs = [(a, b) for a in one.names for b in other.names if a and b]
    if not pairs:
        return []
    best = max(alike(a, b) for a, b in pairs)
    percent = f"({best:.0%})"
    if best >= 0.95:
        return [(NAME_SAME, "the same name")]
    if best >= 0.86:
        return [(NAME_ALIKE, f"a name much alike {percent}")]
    if best >= 0.75:
        return [(NAME_NEAR, f"a name somewhat alike {percent}")]
    # A person's name behind an address of the firm says nothing against the firm.
    if _is_of_a_person(one) or _is_of_a_person(other):
        return []
    if best >= 0.5:
        return [(NAME_OTHER, f"another name {percent}")]
    return [(NAME_UNLIKE, "a wholly different name")]


def _is_of_a_person(profile: Profile) -> bool:
    """Whether its one name is that of the person behind the address, not of a firm."""
    if len(profile.names) != 1:
        return False
    words = [word for text in _plain(profile.names[0]) for word in text.split()]
    locals_ = [address.partition("@")[0] for address in profile.emails]
    parts = {part for local in locals_ for part in _WORD.findall(local.replace("_", " "))}
    return any(
        word in parts or (len(word) >= _SHORT and any(word in local for local in locals_))
        for word in words
    )


def _places(one: Profile, other: Profile) -> list[tuple[float, str]]:
    pairs = [(a, b) for a in one.places for b in other.places if a and b]
    if not pairs:
        return []
    best = max(fuzz.token_sort_ratio(a.casefold(), b.casefold()) for a, b in pairs)
    if best >= 88:
        return [(ADDRESS_SAME, "the same address")]
    return [(ADDRESS_OTHER, "another address")] if best < 60 else []


def _locals(profile: Profile) -> set[str]:
    parts = {address.partition("@")[0] for address in profile.emails}
    return {part for part in parts if len(part) > _SHORT and part not in _ROLES}


@lru_cache(maxsize=16384)
def _plain(name: str) -> tuple[str, ...]:
    """The name without accents, marks and legal forms; a second time with its nickname undone."""
    text = unicodedata.normalize("NFKD", name.casefold())
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    words = _WORD.findall(text.replace("'", "").replace("’", "").replace(".", ""))
    kept = [word for word in words if word not in _LEGAL] or words
    formal = [NICKNAMES.get(word, word) for word in kept]
    forms = (" ".join(kept), " ".join(formal))
    return tuple(dict.fromkeys(form for form in forms if form))


def _once(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))
