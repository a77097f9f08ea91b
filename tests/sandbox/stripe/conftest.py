"""Fixtures: a venue for the session, a stage for each test, an invoice for most."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.stripe.stage import Billed, Stage, Venue


@pytest.fixture(scope="session")
def venue() -> Iterator[Venue]:
    opened = Venue()
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def stage(venue: Venue) -> Iterator[Stage]:
    opened = Stage(venue)
    yield opened
    opened.close()


@pytest.fixture
def specs() -> Path:
    root = os.environ.get("TRICORD_SPECS")
    if not root:
        pytest.skip("TRICORD_SPECS is not set: the vendors' specifications are not on this machine")
    return Path(root) / "stripe"


@pytest.fixture
def bill(stage: Stage) -> Callable[..., Billed]:
    """Makes a customer and an open invoice of one line; `finalize` False leaves the draft."""

    def make(amount: int = 100_000, currency: str = "eur", *, finalize: bool = True) -> Billed:
        v1 = stage.client.v1
        customer = v1.customers.create({"name": "Ada Byron", "email": "ada@example.com"})
        invoice = v1.invoices.create(
            {
                "customer": customer.id,
                "currency": currency,
                "collection_method": "send_invoice",
                "days_until_due": 14,
            }
        )
        v1.invoice_items.create(
            {
                "customer": customer.id,
                "invoice": invoice.id,
                "amount": amount,
                "currency": currency,
                "description": "Design",
            }
        )
        if finalize:
            invoice = v1.invoices.finalize_invoice(invoice.id)
        return Billed(customer, v1.invoices.retrieve(invoice.id))

    return make
