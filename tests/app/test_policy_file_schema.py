"""The JSON schema beside the example: up to date, and true of the example."""

import json
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from app.policies import EXAMPLE, FOLDER, SMALL, changed
from tricord.app.policy_schema import schema_text
from tricord.app.policy_text import VARIABLE, nodes_of, plain


def validated(text: str) -> None:
    jsonschema.Draft202012Validator(json.loads(schema_text())).validate(plain(nodes_of(text)))


def test_the_committed_schema_is_up_to_date() -> None:
    committed = (FOLDER / "tricord.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "write tricord.app.policy_schema.schema_text() to the file"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("text", [EXAMPLE, SMALL])
def test_the_schema_holds_for_policies_that_load(text: str) -> None:
    validated(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bill: 30%", "bill: 30"),
        ("net 14", "fourteen days"),
        ("installments:", "instalments:"),
        ("currency: USD", "currency: dollars"),
        ("tricord: 1", "tricord: 2"),
    ],
)
def test_the_schema_refuses_what_does_not_load(old: str, new: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validated(changed(old, new))


def test_the_example_reads_as_any_yaml_reader_would_read_it() -> None:
    text = VARIABLE.sub(r'"${\1}"', EXAMPLE)
    reader = YAML(typ="safe", pure=True)
    theirs: dict[str, Any] = reader.load(text)
    theirs["firm"]["go_live"] = str(theirs["firm"]["go_live"])
    assert plain(nodes_of(EXAMPLE)) == theirs
