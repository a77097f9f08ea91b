"""A hostile policy file: bombs are refused, nothing but PolicyInvalid is raised, nothing leaks."""

import time
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies import EXAMPLE, SMALL, VARIABLES, changed, load, problems
from tricord.app.declarations import PolicyInvalid

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{this}: &{this} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, this in zip("abcdefgh", "bcdefghi", strict=True)
)
SPICES = [*"\n\t :,-[]{}&*!|>'\"%@`#?$~0", "${", "${X}", "- ", "? ", "<<: ", "\\x", "\\ud800",
          "---\n", "%YAML 1.2\n", "\u2028", "\x85", "\ufeff", "\x00", "\ud800", "é"]  # fmt: skip
EDIT = st.tuples(
    st.integers(0, len(EXAMPLE)),
    st.integers(0, 12),
    st.sampled_from(["", *SPICES]) | st.text(max_size=4),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(EDIT, min_size=1, max_size=4))
def test_no_mutation_raises_anything_but_policy_invalid(edits: list[tuple[int, int, str]]) -> None:
    text = EXAMPLE
    for start, length, new in edits:
        text = text[:start] + new + text[start + length :]
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for problem in problems(text):
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


def test_an_alias_bomb_is_refused_t26() -> None:
    began = time.monotonic()
    found = problems(BOMB)
    assert time.monotonic() - began < 0.5
    assert found[0].message == "the anchor &a is not allowed"
    assert "the alias *a is not allowed" in {problem.message for problem in found}
    assert len(found) <= 20


@pytest.mark.parametrize("text", ["a: " + "[" * 100_000, "a: " + "{b: " * 60_000, "- " * 100_000])
def test_deep_nesting_is_refused_before_it_is_read_t26(text: str) -> None:
    began = time.monotonic()
    (problem,) = problems(text)
    assert "more than 20 levels" in problem.message
    assert time.monotonic() - began < 2


def test_a_huge_file_is_refused_t26() -> None:
    filler = "#" * 79 + "\n"
    fits = SMALL + filler * ((256 * 1024 - len(SMALL)) // 80)
    assert not problems(fits)
    (problem,) = problems(fits + filler)
    assert "larger than 256 kB" in problem.message


def test_a_file_of_very_many_values_is_refused_t26() -> None:
    (problem,) = problems("a: [" + "x," * 20_001 + "]")
    assert "more than 20000 values" in problem.message


def test_a_condition_of_absurd_size_is_refused_at_once_t26() -> None:
    began = time.monotonic()
    for condition in (
        'money("1e999999999 USD") > 1',
        'money("9" + "e999999999 USD") > 1',
        "(" * 900 + "true" + ")" * 900,
        "true" + " || true" * 300,
    ):
        (problem,) = problems(changed('deal.service_type == "project"', f"'{condition}'"))
        assert problem.path == "billing.plans[0].when"
    assert time.monotonic() - began < 2


def test_a_key_may_not_stand_twice_t26() -> None:
    found = problems(SMALL + "owners: {default: role:other}\nroles: {}\n")
    assert [(p.line, p.column) for p in found] == [(19, 1), (20, 1)]


def test_secrets_show_in_nothing_that_is_loaded() -> None:
    loaded = load(EXAMPLE)
    shown = f"{loaded} {loaded!r} {loaded.connections} {loaded.policy.inactive} {loaded.remarks}"
    assert "***" in shown
    assert "hidden" not in shown


def test_a_secrets_text_is_data_and_never_yaml() -> None:
    evil = "x}\nroles: {crm: evil"
    loaded = load(SMALL, variables={**VARIABLES, "HUBSPOT_TOKEN": evil, "STRIPE_API_KEY": "${X}"})
    values = [connection.values for connection in loaded.connections]
    assert [str(value) for each in values for value in each.values()] == ["***", "***"]
    assert loaded.policy.roles.crm == "hubspot"
    assert hash(values[1]["api_key"]) == hash("${X}")


@pytest.mark.parametrize(
    "connection",
    [
        "hubspot: {connector: hubspot, token: pat-plain-1, tokn: x}",
        "hubspot: {connector: hubspot, token: [pat-plain-1]}",
        "hubspot: {connector: hubspot, token: pat-plain-1, x: 'unclosed",
        "hubspot: {connector: hubspot, token: pat-plain-1, token: pat-plain-1}",
        "hubspot: {connector: hubspott, x: pat-plain-1}",
        "hubspot: {connector: smtp, url: 'smtp://me:pat-plain-1@host', sender: [a]}",
    ],
)
def test_a_secret_in_the_file_shows_in_no_problem(connection: str) -> None:
    text = changed("hubspot: {connector: hubspot, token: ${HUBSPOT_TOKEN}}", connection)
    with pytest.raises(PolicyInvalid) as caught:
        load(text)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.problems)
    assert "tricord.yaml:4:" in told
    assert "plain-1" not in told
