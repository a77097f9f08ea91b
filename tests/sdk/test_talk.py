"""The helpers of talks: requests as they leave, and what each HTTP status means."""

import json
import math
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tricord.sdk.errors import AccessLost, Refused, TricordError, TryAgain
from tricord.sdk.talk import Response, error_of, get, post_form, post_json, segment


def test_a_get_asks_and_writes_nothing() -> None:
    request = get("/v1/things", [("email", "a+b@c.example"), ("types[]", "x")], expected=(200, 404))
    assert request.path == "/v1/things?email=a%2Bb%40c.example&types%5B%5D=x"
    assert (request.method, request.body, request.writes) == ("GET", b"", False)
    assert get("/v1/things").path == "/v1/things"


def test_a_json_request_writes_unless_it_is_a_search() -> None:
    request = post_json("/x", {"name": "Zoë"}, method="PATCH")
    assert (request.method, request.writes) == ("PATCH", True)
    assert json.loads(request.body) == {"name": "Zoë"}
    assert dict(request.headers) == {"Content-Type": "application/json"}
    assert not post_json("/search", {}, writes=False).writes


@given(pairs=st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_a_form_arrives_as_it_was_meant_and_always_carries_its_key(
    pairs: list[tuple[str, str]],
) -> None:
    request = post_form("/x", pairs, key="invoice/1")
    assert parse_qsl(request.body.decode(), keep_blank_values=True) == pairs
    assert dict(request.headers)["Idempotency-Key"] == "invoice/1"
    assert request.writes


@given(text=st.text(min_size=1))
def test_a_segment_never_leaves_its_place_in_the_path(text: str) -> None:
    if text in (".", ".."):
        return
    made = segment(text)
    assert made.isascii()
    assert not set(made) & set("/?#\\ \r\n\t:@&=+")
    assert unquote(made) == text


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_what_cannot_be_a_segment_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        segment(text)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (401, AccessLost), (403, AccessLost), (404, Refused), (408, TryAgain),
     (409, Refused), (422, Refused), (423, TryAgain), (425, TryAgain), (429, TryAgain),
     (500, TryAgain), (503, TryAgain), (302, Refused), (599, TryAgain)],
)  # fmt: skip
def test_each_status_has_its_plan_and_tells_no_body(status: int, kind: type[TricordError]) -> None:
    error = error_of(Response(status=status, body=b"of zoe@northwind.example"), "GET /x")
    assert type(error) is kind
    assert error.detail == f"GET /x: HTTP {status}"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("1.5", 1.5), ("", None), ("soon", None), ("-5", None),
     ("inf", None), ("nan", None), ("1e300", None), ("9" * 400, None), ("٣", None),
     ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)  # fmt: skip
def test_a_wait_is_a_number_of_seconds_or_not_told(header: str, seconds: float | None) -> None:
    """An endless wait would break the engine's clock, so it is as good as none."""
    error = error_of(Response(status=429, headers={"retry-after": header}), "GET /x")
    assert isinstance(error, TryAgain)
    assert error.retry_after == seconds
    assert error.retry_after is None or math.isfinite(error.retry_after)


def test_a_response_reads_as_json() -> None:
    assert Response(status=200, body=b'{"id": 5}').read.id("id") == "5"
