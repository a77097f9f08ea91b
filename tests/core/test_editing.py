"""Editing a refused command: what may be corrected is, and money never."""

from typing import Any

import pytest

from tricord.app.suite.exemplars import exemplar
from tricord.core.commands import Command, CreateInvoice
from tricord.core.editing import NotEditable, editable, edited
from tricord.core.ids import ConnectionName


def command(verb: str) -> Command:
    return exemplar(verb, ConnectionName("vendor"), {})


@pytest.mark.parametrize(
    ("verb", "field", "text"),
    [("create_customer", "email", "new@northwind.example"), ("create_customer", "phone", ""),
     ("create_customer", "name", "Northwind"), ("create_invoice", "memo", ""),
     ("send_message", "recipient", "new@northwind.example"),
     ("send_message", "recipient_name", "Ana")],
)  # fmt: skip
def test_a_field_that_may_be_corrected_is_and_nothing_else_changes(
    verb: str, field: str, text: str
) -> None:
    before = command(verb)
    after = edited(before, {field: text})
    assert getattr(after, field) == text
    assert edited(after, {field: getattr(before, field)}) == before


def test_an_invoices_terms_and_the_words_of_its_lines_may_be_corrected() -> None:
    before = command("create_invoice")
    assert isinstance(before, CreateInvoice)
    after = edited(before, {"days_until_due": "30", "lines.late.description": "Rush"})
    assert isinstance(after, CreateInvoice)
    assert (after.days_until_due, after.lines[1].description) == (30, "Rush")
    assert after.total == before.total
    assert [line.id for line in after.lines] == [line.id for line in before.lines]


@pytest.mark.parametrize(
    ("verb", "changes"),
    [("create_invoice", {"lines.deposit.amount": "1"}), ("create_invoice", {"total": "1"}),
     ("create_invoice", {"lines.other.description": "x"}), ("create_invoice", {"key": "x"}),
     ("create_invoice", {"customer": "a:customer:b"}), ("create_invoice", {"days_until_due": "-1"}),
     ("create_invoice", {"days_until_due": "366"}), ("create_invoice", {"days_until_due": "²"}),
     ("create_invoice", {"lines.deposit.description": ""}), ("create_invoice", {"approval": ""}),
     ("create_customer", {"email": "nobody"}), ("create_customer", {"email": ""}),
     ("create_customer", {"name": ""}), ("create_customer", {"account": "x"}),
     ("send_message", {"body": "x"}), ("send_message", {"recipient": "a b@c.example"}),
     ("send_message", {"recipient_name": "A\r\nBcc: x@y.example"}),
     ("send_message", {"recipient_name": "x" * 501}), ("update_record", {"values": "x"}),
     ("log_activity", {"body": "x"})],
)  # fmt: skip
def test_money_identity_and_nonsense_are_refused_with_what_can_be_corrected(
    verb: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(NotEditable):
        edited(command(verb), changes)


@pytest.mark.parametrize(
    "verb", ["create_customer", "create_invoice", "update_record", "log_activity", "send_message"]
)
def test_every_command_says_what_may_be_corrected_and_it_is_never_money(verb: str) -> None:
    for name in editable(command(verb)):
        assert not any(word in name for word in ("amount", "total", "key", "currency"))
