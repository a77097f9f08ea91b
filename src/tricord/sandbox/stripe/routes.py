"""Every endpoint of the API the box has, in the order Stripe's reference lists them."""

from tricord.sandbox.faults.fault import FaultKind
from tricord.sandbox.faults.faults import Faults
from tricord.sandbox.stripe import endpoints, journal
from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import (
    balance,
    collection,
    credit_notes,
    customers,
    invoice_payments,
    invoices,
    items,
    taxes,
)
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.payments import (
    charges,
    disputes,
    intents,
    methods,
    records,
    refunds,
    transactions,
)
from tricord.sandbox.stripe.wire import searching
from tricord.sandbox.stripe.wire.calls import Call, Endpoint, Handler
from tricord.sandbox.stripe.wire.searching import Searchable
from tricord.sandbox.stripe.wire.shapes import integer, shape, word

_SEARCH = shape("query", limit=integer, page=word, query=word)


class SearchLag:
    """How far the search index is behind, in seconds of the box's clock; a fault adds to it."""

    def __init__(self, seconds: float, faults: Faults) -> None:
        self.seconds = seconds
        self._faults = faults

    def search(self, searchable: Searchable) -> Handler:
        def handler(account: Account, call: Call) -> Json:
            strike = self._faults.strike(FaultKind.SEARCH_LAG, "GET", call.path)
            more = strike.fault.seconds or 0.0 if strike else 0.0
            return searching.search(account, call, searchable, self.seconds + more)

        return handler


def api(search_lag: SearchLag) -> list[Endpoint]:
    """The endpoints; fixed paths stand before those with an id in the same place."""
    return [
        Endpoint("GET", "/v1/balance_transactions", transactions.list_, transactions.LIST),
        Endpoint("GET", "/v1/balance_transactions/{}", transactions.retrieve, transactions.READ),
        Endpoint("GET", "/v1/charges", charges.list_, charges.LIST),
        Endpoint("GET", "/v1/charges/{}", charges.retrieve, charges.READ),
        Endpoint("POST", "/v1/charges/{}", charges.update, charges.UPDATE),
        *_customers(search_lag),
        Endpoint("GET", "/v1/disputes", disputes.list_, disputes.LIST),
        Endpoint("GET", "/v1/disputes/{}", disputes.retrieve, disputes.READ),
        Endpoint("POST", "/v1/disputes/{}", disputes.update, disputes.UPDATE),
        Endpoint("POST", "/v1/disputes/{}/close", disputes.concede, disputes.READ),
        Endpoint("GET", "/v1/events", journal.list_, journal.LIST),
        Endpoint("GET", "/v1/events/{}", journal.retrieve, journal.READ),
        Endpoint("GET", "/v2/core/events", journal.list_thin, journal.LIST_THIN),
        Endpoint("GET", "/v2/core/events/{}", journal.retrieve_thin, journal.READ),
        *_intents(),
        Endpoint("POST", "/v1/payment_methods", methods.create, methods.CREATE),
        Endpoint("GET", "/v1/payment_methods", methods.list_, methods.LIST),
        Endpoint("GET", "/v1/payment_methods/{}", methods.retrieve, methods.READ),
        Endpoint("POST", "/v1/payment_methods/{}/attach", methods.attach, methods.ATTACH),
        Endpoint("POST", "/v1/payment_methods/{}/detach", methods.detach, methods.READ),
        Endpoint("POST", "/v1/payment_records/report_payment", records.report, records.REPORT),
        Endpoint("GET", "/v1/payment_records/{}", records.retrieve, records.READ),
        Endpoint("POST", "/v1/refunds", refunds.create, refunds.CREATE),
        Endpoint("GET", "/v1/refunds", refunds.list_, refunds.LIST),
        Endpoint("GET", "/v1/refunds/{}", refunds.retrieve, refunds.READ),
        Endpoint("POST", "/v1/refunds/{}", refunds.update, refunds.UPDATE),
        Endpoint("POST", "/v1/refunds/{}/cancel", refunds.cancel, refunds.READ),
        *_credit_notes(),
        *_items(),
        *_invoices(search_lag),
        Endpoint("POST", "/v1/tax_rates", taxes.create, taxes.CREATE),
        Endpoint("GET", "/v1/tax_rates", taxes.list_, taxes.LIST),
        Endpoint("GET", "/v1/tax_rates/{}", taxes.retrieve, taxes.READ),
        Endpoint("POST", "/v1/webhook_endpoints", endpoints.create, endpoints.CREATE),
        Endpoint("GET", "/v1/webhook_endpoints", endpoints.list_, endpoints.LIST),
        Endpoint("GET", "/v1/webhook_endpoints/{}", endpoints.retrieve, endpoints.READ),
        Endpoint("POST", "/v1/webhook_endpoints/{}", endpoints.update, endpoints.UPDATE),
        Endpoint("DELETE", "/v1/webhook_endpoints/{}", endpoints.delete, endpoints.READ),
    ]


def _customers(search_lag: SearchLag) -> list[Endpoint]:
    transactions_path = "/v1/customers/{}/balance_transactions"
    return [
        Endpoint("POST", "/v1/customers", customers.create, customers.CREATE),
        Endpoint("GET", "/v1/customers", customers.list_, customers.LIST),
        Endpoint("GET", "/v1/customers/search", search_lag.search(searching.CUSTOMERS), _SEARCH),
        Endpoint("GET", "/v1/customers/{}", customers.retrieve, customers.READ),
        Endpoint("POST", "/v1/customers/{}", customers.update, customers.UPDATE),
        Endpoint("DELETE", "/v1/customers/{}", customers.delete, customers.READ),
        Endpoint("POST", transactions_path, balance.create, balance.CREATE),
        Endpoint("GET", transactions_path, balance.list_, balance.LIST),
        Endpoint("GET", f"{transactions_path}/{{}}", balance.retrieve, balance.READ),
    ]


def _intents() -> list[Endpoint]:
    one = "/v1/payment_intents/{}"
    return [
        Endpoint("POST", "/v1/payment_intents", intents.create, intents.CREATE),
        Endpoint("GET", "/v1/payment_intents", intents.list_, intents.LIST),
        Endpoint("GET", one, intents.retrieve, intents.READ),
        Endpoint("POST", one, intents.update, intents.UPDATE),
        Endpoint("POST", f"{one}/confirm", intents.confirm_call, intents.CONFIRM),
        Endpoint("POST", f"{one}/cancel", intents.cancel, intents.CANCEL),
    ]


def _credit_notes() -> list[Endpoint]:
    one = "/v1/credit_notes/{}"
    return [
        Endpoint("POST", "/v1/credit_notes", credit_notes.create, credit_notes.CREATE),
        Endpoint("GET", "/v1/credit_notes", credit_notes.list_, credit_notes.LIST),
        Endpoint("GET", "/v1/credit_notes/preview", credit_notes.preview, credit_notes.CREATE),
        Endpoint("GET", one, credit_notes.retrieve, credit_notes.READ),
        Endpoint("POST", one, credit_notes.update, credit_notes.UPDATE),
        Endpoint("GET", f"{one}/lines", credit_notes.list_lines, credit_notes.LIST_LINES),
        Endpoint("POST", f"{one}/void", credit_notes.void, credit_notes.READ),
    ]


def _items() -> list[Endpoint]:
    return [
        Endpoint("POST", "/v1/invoiceitems", items.create, items.CREATE),
        Endpoint("GET", "/v1/invoiceitems", items.list_, items.LIST),
        Endpoint("GET", "/v1/invoiceitems/{}", items.retrieve, items.READ),
        Endpoint("POST", "/v1/invoiceitems/{}", items.update, items.UPDATE),
        Endpoint("DELETE", "/v1/invoiceitems/{}", items.delete, items.READ),
        Endpoint("GET", "/v1/invoice_payments", invoice_payments.list_, invoice_payments.LIST),
        Endpoint(
            "GET", "/v1/invoice_payments/{}", invoice_payments.retrieve, invoice_payments.READ
        ),
    ]


def _invoices(search_lag: SearchLag) -> list[Endpoint]:
    one = "/v1/invoices/{}"
    return [
        Endpoint("POST", "/v1/invoices", invoices.create, invoices.CREATE),
        Endpoint("GET", "/v1/invoices", invoices.list_, invoices.LIST),
        Endpoint("GET", "/v1/invoices/search", search_lag.search(searching.INVOICES), _SEARCH),
        Endpoint("GET", one, invoices.retrieve, invoices.READ),
        Endpoint("POST", one, invoices.update, invoices.UPDATE),
        Endpoint("DELETE", one, invoices.delete, invoices.READ),
        Endpoint("POST", f"{one}/add_lines", items.add_lines, items.ADD_LINES),
        Endpoint("POST", f"{one}/update_lines", items.update_lines, items.UPDATE_LINES),
        Endpoint("POST", f"{one}/remove_lines", items.remove_lines, items.REMOVE_LINES),
        Endpoint("GET", f"{one}/lines", items.list_lines, items.LIST_LINES),
        Endpoint("POST", f"{one}/finalize", collection.finalize, collection.FINALIZE),
        Endpoint("POST", f"{one}/send", collection.send, collection.PLAIN),
        Endpoint("POST", f"{one}/pay", collection.pay, collection.PAY),
        Endpoint("POST", f"{one}/attach_payment", collection.attach_payment, collection.ATTACH),
        Endpoint("POST", f"{one}/void", collection.void, collection.PLAIN),
        Endpoint(
            "POST", f"{one}/mark_uncollectible", collection.mark_uncollectible, collection.PLAIN
        ),
    ]
