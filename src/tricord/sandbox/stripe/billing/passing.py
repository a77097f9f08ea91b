"""What time alone does to invoices: drafts finalize themselves, due dates pass."""

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import collection
from tricord.sandbox.stripe.errors import StripeRefusal
from tricord.sandbox.stripe.kinds import Json

# Stripe waits this long for `invoice.created` to be answered before it finalizes all the same.
_LONGEST_WAIT = 72 * 3600


def pass_time(account: Account) -> None:
    """Do what is due by now. Called often; does nothing twice."""
    now = account.now()
    for invoice in list(account.tables["invoice"].values()):
        finalizes_at = invoice["automatically_finalizes_at"]
        if invoice["status"] == "draft" and finalizes_at is not None and finalizes_at <= now:
            _advance(account, invoice)
        elif invoice["status"] == "open" and (invoice["due_date"] or now) < now:
            _overdue(account, invoice)


def _advance(account: Account, invoice: Json) -> None:
    patient = account.now() < invoice["created"] + _LONGEST_WAIT
    if patient and not _announced(account, invoice):
        return
    collection.make_final(account, invoice)
    if invoice["status"] != "open":
        return
    if invoice["collection_method"] == "send_invoice":
        if invoice["customer_email"]:
            collection.mail(account, invoice)
        return
    try:
        collection.charge_default(account, invoice, None)
    except StripeRefusal:
        # The failure has been told by events; nobody is on the line to hear the answer.
        return


def _announced(account: Account, invoice: Json) -> bool:
    return all(
        recorded.delivered
        for recorded in account.journal.values()
        if recorded.snapshot["type"] == "invoice.created"
        and recorded.snapshot["data"]["object"]["id"] == invoice["id"]
    )


def _overdue(account: Account, invoice: Json) -> None:
    if invoice["id"] not in account.overdue_told:
        account.overdue_told.add(invoice["id"])
        account.emit("invoice.overdue", invoice)
