"""What counts as having happened since go-live: only that may cause anything."""

from tricord.core.account import Account
from tricord.core.ids import Instant
from tricord.core.ledger import Standing
from tricord.core.policy.types import Policy


def happened_since_go_live(account: Account, owed: Standing, policy: Policy) -> bool:
    """Whether any fact of this invoice's books is as young as go-live. Passing time is no fact."""
    return any(at is not None and at >= policy.firm.go_live for at in _moments(account, owed))


def _moments(account: Account, owed: Standing) -> list[Instant | None]:
    invoice = owed.invoice
    payments = {p.ref: p for p in account.payments if p.invoice == invoice.ref}
    moments = [invoice.issued_at, invoice.paid_at]
    moments += [payment.paid_at for payment in payments.values()]
    moments += [refund.created_at for refund in account.refunds if refund.payment in payments]
    moments += [d.created_at for d in account.disputes if d.payment in payments]
    moments += [n.created_at for n in account.credit_notes if n.invoice == invoice.ref]
    return moments
