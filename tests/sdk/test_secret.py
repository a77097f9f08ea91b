"""A Secret never shows, however it is turned into text."""

import json
import logging
import pprint
import traceback
from dataclasses import asdict, dataclass

import pytest

from tricord.core.ids import ConnectionName
from tricord.sdk.connector import Access
from tricord.sdk.secret import Secret

TEXT = "sk_live_hidden"
SECRET = Secret(TEXT)
ACCESS = Access(connection=ConnectionName("stripe"), settings={"api_key": SECRET, "sender": "me"})


@dataclass(frozen=True)
class Holder:
    key: Secret


def _raised() -> str:
    try:
        raise ValueError(SECRET, ACCESS)
    except ValueError as error:
        return "".join(traceback.format_exception(error))


def _logged() -> str:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "key %s %r", (SECRET, SECRET), None)
    return record.getMessage()


@pytest.mark.parametrize(
    "shown",
    [
        str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET!r}", "%s" % SECRET,  # noqa: UP031
        "{}".format(SECRET), str([SECRET]), str({"a": SECRET}), repr(Holder(SECRET)),  # noqa: UP032
        str(asdict(Holder(SECRET))), str(ACCESS), repr(ACCESS), pprint.pformat(ACCESS),
        ascii(SECRET), _raised(), _logged(), json.dumps({"key": SECRET}, default=str),
    ],
)  # fmt: skip
def test_a_secret_shows_as_stars(shown: str) -> None:
    assert TEXT not in shown
    assert "hidden" not in shown


def test_only_reveal_and_access_give_the_text() -> None:
    assert SECRET.reveal() == TEXT
    assert ACCESS.text("api_key") == TEXT
    assert ACCESS.text("sender") == "me"
    assert ACCESS.text("not set") == ""


def test_a_secret_has_no_attributes_to_list() -> None:
    with pytest.raises(TypeError):
        vars(SECRET)


def test_a_secret_is_no_json() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(SECRET)


def test_secrets_compare_by_what_they_hide() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert {Secret("a"), Secret("a")} == {Secret("a")}
    assert not Secret("")
    assert Secret("a")
