"""Matching: what makes two profiles likely one client's, and what never makes it certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tricord.core.addresses import domain_of, email_of, own_domain, phone_of
from tricord.core.free_mail import is_free_mail
from tricord.core.matching import CERTAIN, POSSIBLE, Profile, alike, blocks_of, compare

words = st.text(alphabet="abcdefgh ", max_size=12)
profiles = st.builds(
    Profile,
    names=st.lists(words, max_size=2).map(tuple),
    emails=st.sampled_from([(), ("ana@n.example",), ("info@n.example",)]),
    domains=st.sampled_from([(), ("n.example",), ("m.example",)]),
    phones=st.sampled_from([(), ("+12125550100",), ("+12125550101",)]),
    places=st.sampled_from([(), ("1 Quay, 04101, Portland",)]),
)


@given(profiles, profiles)
def test_likeness_is_the_same_both_ways_and_between_nothing_and_certain(
    one: Profile, other: Profile
) -> None:
    here, there = compare(one, other), compare(other, one)
    assert (here.score, set(here.reasons)) == (there.score, set(there.reasons))
    assert 0 <= here.score <= 1


@given(profiles, profiles)
def test_without_an_address_number_or_domain_in_common_nothing_is_certain(
    one: Profile, other: Profile
) -> None:
    bare = Profile(names=one.names, places=one.places)
    assert not compare(bare, other).certain
    assert not compare(one, Profile(names=one.names)).certain


@given(profiles, profiles)
def test_a_detail_that_several_share_never_makes_it_likelier(one: Profile, other: Profile) -> None:
    alone = compare(one, other).score
    assert compare(one, other, shared=frozenset({"email", "domain", "phone"})).score <= alone


def test_a_shared_domain_alone_is_not_even_likely() -> None:
    one = Profile(emails=("bo@n.example",), domains=("n.example",))
    other = Profile(names=("Northwind",), domains=("n.example",))
    assert compare(one, other).certain
    assert compare(one, other, shared=frozenset({"domain"})).score < POSSIBLE


def test_the_same_name_alone_is_likely_and_not_certain() -> None:
    found = compare(
        Profile(names=("Northwind Traders",)), Profile(names=("northwind traders ltd",))
    )
    assert POSSIBLE <= found.score < CERTAIN
    assert found.reasons == ("the same name",)
    assert not found.certain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lindqvist, Ana", "Ana Lindqvist"),
        ("Bob Miller", "Robert Miller"),
        ("Müller & Söhne GmbH", "Muller Sohne"),
        ("NORTHWIND TRADERS, INC.", "Northwind Traders"),
        ("O'Brien Ltd", "OBrien Limited"),
    ],
)
def test_names_are_the_same_whatever_their_order_accents_forms_and_nicknames(
    one: str, other: str
) -> None:
    assert alike(one, other) >= 0.95
    assert blocks_of(one) & blocks_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Northwind Traders", "Zebra Mining"), ("Smith", "Smith & Wesson Partners"), ("", "x")],
)
def test_other_names_are_not_the_same(one: str, other: str) -> None:
    assert alike(one, other) < 0.95


def test_reasons_hold_no_personal_data() -> None:
    one = Profile(names=("Ana",), emails=("ana@n.example",), phones=("+12125550100",))
    told = " ".join(compare(one, one).reasons)
    assert not any(part in told for part in ("Ana", "ana@", "+1"))


@pytest.mark.parametrize(
    ("text", "country", "wanted"),
    [
        ("(212) 555-0100", "US", "+12125550100"),
        ("+1 212-555-0100 ext. 7", "DE", "+12125550100"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("0044 20 7946 0958", "DE", "+442079460958"),
        ("+15550100", "", "+15550100"),
        ("555-0100", "US", ""),
        ("(212) 555-0100", "", ""),
        ("call me", "US", ""),
        ("9" * 60, "US", ""),
    ],
)
def test_a_number_is_read_as_its_country_writes_it(text: str, country: str, wanted: str) -> None:
    assert phone_of(text, country) == wanted


def test_addresses_and_domains_have_one_form() -> None:
    assert email_of(" Ana@X.Example ") == "ana@x.example"
    assert email_of("no address") == email_of("a@b@c") == ""
    assert domain_of("https://www.Northwind.example/about?x") == "northwind.example"
    assert domain_of("münchen.example") == "xn--mnchen-3ya.example"
    assert domain_of("localhost") == domain_of("") == ""


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading_of_details(text: str) -> None:
    for found in (email_of(text), domain_of(text), own_domain(text), phone_of(text, "US")):
        assert found == found.strip()


def test_t41_free_mail_and_names_are_never_indexed() -> None:
    for domain in ("gmail.com", "yahoo.co.uk", "web.de", "orange.fr", "mail.ru", "163.com"):
        assert is_free_mail(domain)
        assert own_domain(f"ana@{domain}") == ""
    for domain in ("northwind.example", "gmail.northwind.com", "live.northwind.example"):
        assert not is_free_mail(domain)
    assert own_domain("ana@franchise.example", frozenset({"franchise.example"})) == ""
