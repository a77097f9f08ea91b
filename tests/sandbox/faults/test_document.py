"""The page about the sandbox names every fault and every key of a plan."""

import pytest

from architecture.places import in_code, page, rows
from sandbox.faults.plans import EVERY
from tricord.sandbox.faults.fault import FaultKind, Shows
from tricord.sandbox.faults.plan import keys_of

TEXT = page("sandbox.md")
SHARED = {"fault", "method", "path", "webhook", "every", "chance", "next", "from", "until"}


@pytest.mark.parametrize("kind", sorted(EVERY))
def test_every_fault_is_on_the_page_with_its_own_keys(kind: FaultKind) -> None:
    if kind is FaultKind.GREYLISTED:
        assert in_code(TEXT, kind)
        return
    (row,) = [row for row in rows(TEXT) if row[0] == f"`{kind}`"]
    assert {key for key in keys_of(kind) - SHARED if not in_code(row[2], key)} == set()


def test_every_key_of_a_place_or_a_time_is_on_the_page() -> None:
    named = {word for row in rows(TEXT) for word in row[0].replace("`", "").split(", ")}
    assert SHARED - {"fault"} <= named
    assert all(in_code(TEXT, one) for one in Shows)
