"""Reader gives typed values, or says by path what was wrong, and never what was written there."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tricord.core.money import Money
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.reader import Reader, milliseconds, parse_json, read_time

PRIVATE = "zoe@northwind.example"
METHODS: dict[str, Callable[[Reader], object]] = {
    "text": lambda read: read.text("it"),
    "text_or": lambda read: read.text_or("it"),
    "id": lambda read: read.id("it"),
    "ids": lambda read: read.ids("it"),
    "integer": lambda read: read.integer("it"),
    "integer_or": lambda read: read.integer_or("it"),
    "flag_or": lambda read: read.flag_or("it"),
    "child": lambda read: read.child("it"),
    "child_or_empty": lambda read: read.child_or_empty("it"),
    "children": lambda read: tuple(read.children("it")),
    "texts": lambda read: read.texts("it"),
    "minor_money": lambda read: read.minor_money("it", "currency"),
    "unix_time_or_none": lambda read: read.unix_time_or_none("it"),
    "iso_time_or_none": lambda read: read.iso_time_or_none("it"),
}
LENIENT = {
    "text_or": "", "ids": (), "integer_or": 0, "flag_or": False, "children": (), "texts": (),
    "child_or_empty": Reader({}, "$.it"), "unix_time_or_none": None, "iso_time_or_none": None,
}  # fmt: skip
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def problem(read: Callable[[Reader], object], value: dict[str, Any]) -> str:
    with pytest.raises(PayloadMalformed) as malformed:
        read(Reader(value))
    return malformed.value.detail


def test_each_method_gives_its_kind_of_value() -> None:
    read = Reader.of(
        b'{"name": "Zo\\u00eb", "n": 7, "yes": true, "in": {"id": 42, "none": null},'
        b' "rows": [{"id": "a"}, {"id": "b"}], "ids": [1, "2"], "total": 1250, "currency": "usd",'
        b' "unix": 1793633400, "iso": "2026-11-02T16:30:00+01:00", "ms": "1793633400000"}'
    )
    at = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
    assert (read.text("name"), read.integer("n"), read.flag_or("yes")) == ("Zoë", 7, True)
    assert read.child("in").id("id") == "42"
    assert [row.id("id") for row in read.children("rows")] == ["a", "b"]
    assert read.ids("ids") == ("1", "2")
    assert read.child("in").texts("none") == ()
    assert read.texts("in") == (("id", "42"),)
    assert read.minor_money("total", "currency") == Money(1250, "USD")
    assert read.unix_time_or_none("unix") == at
    assert read.iso_time_or_none("iso") == read.iso_time_or_none("ms") == at


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("missing", [{}, {"it": None}])
def test_what_is_missing_is_the_default_or_malformed(name: str, missing: dict[str, Any]) -> None:
    if name in LENIENT:
        assert METHODS[name](Reader(missing)) == LENIENT[name]
    else:
        assert problem(METHODS[name], missing) == "$.it: missing"


@pytest.mark.parametrize("name", METHODS)
def test_a_value_of_another_kind_is_malformed_also_where_a_default_would_do(name: str) -> None:
    wrong = {"x": 1} if name not in ("child", "child_or_empty", "texts") else [1]
    assert problem(METHODS[name], {"it": wrong, "currency": "usd"}).startswith("$.it: expected ")


def test_true_is_no_whole_number_and_no_id() -> None:
    for name in ("integer", "id", "minor_money", "unix_time_or_none"):
        assert problem(METHODS[name], {"it": True, "currency": "usd"}).startswith("$.it: expected")


def test_an_empty_text_is_no_text() -> None:
    assert problem(METHODS["text"], {"it": ""}) == "$.it: expected a text, found an empty text"
    assert Reader({"it": ""}).text_or("it", "none") == "none"


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "a\udfff"])
@pytest.mark.parametrize("name", ["text", "text_or", "id", "iso_time_or_none"])
def test_characters_that_no_database_holds_are_malformed(name: str, text: str) -> None:
    assert problem(METHODS[name], {"it": text}) == "$.it: expected a text, found broken characters"


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_a_number_that_no_database_holds_is_malformed(number: int) -> None:
    for name in ("integer", "minor_money", "unix_time_or_none"):
        assert problem(METHODS[name], {"it": number, "currency": "usd"}).startswith("$.it: ")
    assert Reader({"it": 2**63 - 1}).integer("it") == 2**63 - 1


def test_paths_lead_through_children_and_rows() -> None:
    read = Reader.of(b'{"a": {"rows": [{"id": 1}, {"id": []}]}}')
    rows = list(read.child("a").children("rows"))
    with pytest.raises(PayloadMalformed, match=r"^\$\.a\.rows\[1\]\.id: expected a text"):
        rows[1].id("id")
    with pytest.raises(PayloadMalformed, match=r"^\$\.a\.rows\[1\]\.id: expected an object"):
        rows[1].child("id")
    with pytest.raises(PayloadMalformed, match=r"^\$\[1\]: expected an object, found int"):
        Reader.each(b"[{}, 5]")


@pytest.mark.parametrize("currency", ["US", "usdollar", PRIVATE, "12€"])
def test_a_currency_that_is_none_is_malformed_and_not_told(currency: str) -> None:
    found = problem(METHODS["minor_money"], {"it": 5, "currency": currency})
    assert found == "$.currency: not a currency code"


@pytest.mark.parametrize(
    "text",
    ["²", "--5", "9" * 30, "-" + "9" * 400, "soon", "2026-13-01", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", "9" * 17],
)  # fmt: skip
def test_a_time_that_is_none_is_malformed(text: str) -> None:
    with pytest.raises(PayloadMalformed, match=r"^\$\.at: not a time$"):
        read_time(text, "$.at")


@given(at=st.datetimes(timezones=st.timezones(), min_value=datetime(1971, 1, 1)))  # noqa: DTZ001
def test_a_time_reads_as_the_same_instant_in_utc_however_it_is_written(at: datetime) -> None:
    moment = at.astimezone(UTC).replace(microsecond=0)
    assert read_time(at.replace(microsecond=0).isoformat()).astimezone(UTC) == moment
    assert read_time(at.isoformat()).utcoffset() == timedelta()
    assert read_time(str(milliseconds(moment))) == moment


@pytest.mark.parametrize("name", METHODS)
@given(value=_json, currency=_json)
def test_any_value_reads_or_is_malformed_by_its_path(
    name: str, value: object, currency: object
) -> None:
    try:
        METHODS[name](Reader({"it": value, "currency": currency}))
    except PayloadMalformed as malformed:
        words = malformed.detail
    else:
        return
    assert re.match(r"\$\.(it|currency)\S*: [a-z ,]+(found \w+( \w+)*)?$", words)


@given(raw=st.binary(max_size=60))
def test_any_bytes_are_json_or_malformed(raw: bytes) -> None:
    for reading in (Reader.of, Reader.each, parse_json):
        try:
            reading(raw)
        except PayloadMalformed as malformed:
            words = malformed.detail
        else:
            continue
        assert words.startswith("$")


@pytest.mark.parametrize(
    "raw", [b"[" * 200_000, b'{"a":' * 50_000, b"9" * 5000, b"\xff", f'"{PRIVATE}'.encode()]
)
def test_broken_json_is_malformed_and_not_told(raw: bytes) -> None:
    with pytest.raises(PayloadMalformed) as malformed:
        parse_json(raw)
    assert PRIVATE not in malformed.value.detail
    assert malformed.value.__cause__ is None
    assert malformed.value.__suppress_context__


def test_no_method_tells_content() -> None:
    private = [PRIVATE, {"a": PRIVATE}, [PRIVATE], {PRIVATE: PRIVATE}]
    told = []
    for name, method in METHODS.items():
        for value in private:
            try:
                method(Reader({"it": value, "currency": PRIVATE}))
            except PayloadMalformed as malformed:
                told.append(f"{name}: {malformed} {malformed!r}")
    assert len(told) > 30
    assert not [words for words in told if "zoe" in words or "northwind" in words]


def test_json_that_is_an_array_is_no_object() -> None:
    with pytest.raises(PayloadMalformed, match=r"^\$: expected an object, found list$"):
        Reader.of(b"[]")
    with pytest.raises(PayloadMalformed, match=r"^\$: expected a list$"):
        Reader.each(json.dumps({}).encode())


def test_a_form_is_read_field_by_field() -> None:
    form = Reader.of_form(b"Body=50+%25+%C3%A4&NumMedia=2&Empty=&Body=50+%25+%C3%A4")
    assert form.text("Body") == "50 % ä"
    assert form.whole_or("NumMedia") == 2
    assert form.whole_or("Empty", 7) == 7
    assert form.text_or("Empty") == ""


@pytest.mark.parametrize("raw", [b"a=1&a=2", b"a=%ff", b"\xff=1", b"&".join([b"a=1"] * 501)])
def test_what_is_no_form_or_could_be_read_in_two_ways_is_malformed(raw: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        Reader.of_form(raw)


@pytest.mark.parametrize("text", ["-1", "1.5", "²", "1" * 13, "x"])
def test_a_text_that_is_no_whole_number_is_malformed(text: str) -> None:
    with pytest.raises(PayloadMalformed, match=r"\$\.n: not a whole number"):
        Reader({"n": text}).whole_or("n")


def test_a_mails_time_is_aware_and_in_utc() -> None:
    found = Reader({"at": "Mon, 02 Nov 2026 16:30:01 +0100", "none": None})
    assert found.mail_time_or_none("at") == datetime(2026, 11, 2, 15, 30, 1, tzinfo=UTC)
    assert found.mail_time_or_none("none") is None


@pytest.mark.parametrize("text", ["yesterday", "Mon, 99 Nov 2026 16:30:01 +0100", "2026-11-02"])
def test_what_is_no_mails_time_is_malformed(text: str) -> None:
    with pytest.raises(PayloadMalformed, match=r"\$\.at: not a time"):
        Reader({"at": text}).mail_time_or_none("at")
