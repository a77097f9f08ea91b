"""Every connector keeps the standard suite, by existing; chance looks where the suite does not."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.subjects import SUBJECTS
from tricord.app.suite.checks import CHECKS
from tricord.app.suite.listening import SECRET, accepts, broken, says_the_same
from tricord.app.suite.mutations import form_of
from tricord.app.suite.subject import HOOK_URL

LISTENERS = [name for name, subject in SUBJECTS.items() if subject.connector.parse]
SIGNERS = [name for name, subject in SUBJECTS.items() if subject.sign]

_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
_json = st.recursive(
    _leaves,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("check", CHECKS)
def test_every_connector_keeps_the_standard_suite(name: str, check: str) -> None:
    assert list(CHECKS[check](SUBJECTS[name])) == []


@pytest.mark.parametrize("name", LISTENERS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_parse_survives_whatever_a_delivery_is_changed_to(name: str, data: st.DataObject) -> None:
    subject = SUBJECTS[name]
    body = data.draw(st.sampled_from(subject.samples)).body
    form = form_of(body)
    if form is None and not subject.json_samples:
        body = _shuffled(data, body)
    else:
        value = json.loads(body) if form is None else dict(form)
        for _ in range(data.draw(st.integers(1, 4))):
            value = _changed(data, value)
        fields = value if isinstance(value, dict) else {"x": value}
        text = json.dumps(value) if form is None else urlencode(fields, errors="surrogatepass")
        body = text.encode()
    assert subject.connector.parse is not None
    assert broken(subject.connector.parse, subject, subject.delivery(body, {})) == ""


def _changed(data: st.DataObject, value: Any) -> Any:
    """`value` with another one at a place that is drawn on the way down."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 4)):
        name = data.draw(st.sampled_from(sorted(value)))
        return {**value, name: _changed(data, value[name])}
    if isinstance(value, list) and value and data.draw(st.integers(0, 4)):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], _changed(data, value[place]), *value[place + 1 :]]
    return data.draw(_json)


def _shuffled(data: st.DataObject, body: bytes) -> bytes:
    """A mail whose lines stand elsewhere, are there twice, or hold something else."""
    lines = body.split(b"\n")
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(lines) - 1))
        other = lines[data.draw(st.integers(0, len(lines) - 1))]
        put = data.draw(st.sampled_from((b"", other, other * 3, b"--" + other)) | st.binary())
        lines[place : place + data.draw(st.integers(0, 2))] = [put]
    return b"\n".join(lines)


@pytest.mark.parametrize("name", LISTENERS)
@given(body=st.binary(max_size=40))
@settings(max_examples=150, deadline=None)
def test_parse_survives_bytes_that_are_not_json(name: str, body: bytes) -> None:
    subject = SUBJECTS[name]
    assert subject.connector.parse is not None
    assert broken(subject.connector.parse, subject, subject.delivery(body, {})) == ""


@pytest.mark.parametrize("name", SIGNERS)
@given(data=st.data(), body=st.binary(min_size=1, max_size=200))
@settings(max_examples=100, deadline=None)
def test_t01_any_body_is_accepted_as_signed_and_refused_one_bit_off(
    name: str, data: st.DataObject, body: bytes
) -> None:
    subject = SUBJECTS[name]
    assert subject.sign is not None
    headers = subject.sign(SECRET, "POST", HOOK_URL, body, subject.now)
    assert accepts(subject, subject.delivery(body, headers))
    place, bit = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7))
    changed = body[:place] + bytes([body[place] ^ 1 << bit]) + body[place + 1 :]
    accepted = accepts(subject, subject.delivery(changed, headers))
    assert not accepted or says_the_same(body, changed)
