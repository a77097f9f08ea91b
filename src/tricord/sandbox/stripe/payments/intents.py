"""Payment intents: from an amount asked for to money received."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import StripeRefusal, bad_parameter, wrong_state
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.payments import cards, charges, disputes
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    absent,
    anything,
    boolean,
    choice,
    currency,
    merged,
    metadata,
    positive,
    shape,
    text,
    time_filter,
    word,
)

_COMMON = {
    "allowed_payment_method_types": anything,
    "amount": positive,
    "capture_method": choice("automatic", "automatic_async"),
    "currency": currency,
    "customer": word,
    "description": text,
    "metadata": metadata,
    "payment_method": word,
    "payment_method_data": absent("inline payment methods"),
    "payment_method_options": anything,
    "receipt_email": text,
    "setup_future_usage": anything,
    "statement_descriptor": text,
    "statement_descriptor_suffix": text,
    "transfer_data": absent("connected accounts"),
}
_CONFIRM = {
    "error_on_requires_action": boolean,
    "off_session": anything,
    "payment_method": word,
    "receipt_email": text,
    "return_url": word,
    "setup_future_usage": anything,
    "use_stripe_sdk": anything,
}
CREATE = shape(
    "amount",
    "currency",
    **_COMMON | _CONFIRM,
    automatic_payment_methods=anything,
    confirm=boolean,
    confirmation_method=choice("automatic", "manual"),
)
UPDATE = shape(**_COMMON)
CONFIRM = shape(**_CONFIRM)
CANCEL = shape(
    cancellation_reason=choice("duplicate", "fraudulent", "requested_by_customer", "abandoned")
)
LIST = shape(
    **PAGE, created=time_filter, customer=word, customer_account=absent("customer accounts")
)
READ = shape(client_secret=word)

_OPEN = {"requires_payment_method", "requires_confirmation", "requires_action"}


def create(account: Account, call: Call) -> Json:
    params = call.params
    if params.get("confirm") and "payment_method" not in params:
        message = "You cannot confirm this PaymentIntent because it's missing a payment method."
        raise bad_parameter(message, "payment_method", "payment_intent_unexpected_state")
    customer = params.get("customer")
    if customer is not None:
        account.get("customer", customer, param="customer")
    method = cards.use(account, params["payment_method"]) if "payment_method" in params else None
    intent = new(account, params["amount"], params["currency"], customer)
    for name in ("description", "receipt_email", "statement_descriptor"):
        intent[name] = params.get(name)
    intent["metadata"] = params.get("metadata") or {}
    if "automatic_payment_methods" in params:
        intent["automatic_payment_methods"] = {"allow_redirects": "always", "enabled": True}
    if method is not None:
        intent.update(payment_method=method["id"], status="requires_confirmation")
    account.emit("payment_intent.created", intent)
    if params.get("confirm") and method is not None:
        confirm(account, intent, method)
    return intent


def new(account: Account, amount: int, code: str, customer: str | None) -> Json:
    """An intent that waits for a payment method; whoever asked for it announces it."""
    intent_id = account.new_id("payment_intent")
    nothing = dict.fromkeys(
        (
            "application",
            "application_fee_amount",
            "automatic_payment_methods",
            "canceled_at",
            "cancellation_reason",
            "customer_account",
            "description",
            "excluded_payment_method_types",
            "last_payment_error",
            "latest_charge",
            "next_action",
            "on_behalf_of",
            "payment_method",
            "payment_method_configuration_details",
            "processing",
            "receipt_email",
            "review",
            "setup_future_usage",
            "shipping",
            "source",
            "statement_descriptor",
            "statement_descriptor_suffix",
            "transfer_data",
            "transfer_group",
        )
    )
    return account.add(
        {
            "id": intent_id,
            "object": "payment_intent",
            **nothing,
            "amount": amount,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "capture_method": "automatic_async",
            "client_secret": f"{intent_id}_secret_{account.mint.token(25)}",
            "confirmation_method": "automatic",
            "created": account.now(),
            "currency": code,
            "customer": customer,
            "livemode": False,
            "metadata": {},
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "status": "requires_payment_method",
        }
    )


def confirm(account: Account, intent: Json, method: Json, *, authenticated: bool = False) -> None:
    """Charge the intent. A declined card leaves it open again and raises the 402."""
    intent["payment_method"] = method["id"]
    if cards.card_of(method).after == "authentication" and not authenticated:
        ask_the_bank(account, intent)
        return
    charge = charges.attempt(account, intent, method)
    intent["latest_charge"] = charge["id"]
    intent["next_action"] = None
    if charge["status"] == "succeeded":
        intent.update(amount_received=intent["amount"], last_payment_error=None, status="succeeded")
        account.emit("payment_intent.succeeded", intent)
        if cards.card_of(method).after == "dispute":
            disputes.open_on(account, charge, None, "fraudulent")
        return
    refusal = _declined(charge, method)
    intent.update(
        last_payment_error=copy.deepcopy(refusal.error),
        payment_method=None,
        status="requires_payment_method",
    )
    account.emit("payment_intent.payment_failed", intent)
    refusal.error["payment_intent"] = copy.deepcopy(intent)
    raise refusal


def ask_the_bank(account: Account, intent: Json) -> None:
    """The card wants 3-D Secure: a person has to confirm before anything is charged."""
    url = f"{account.base_url}/_sandbox/payment_intents/{intent['id']}/authenticate"
    intent.update(
        next_action={
            "redirect_to_url": {"return_url": None, "url": url},
            "type": "redirect_to_url",
        },
        status="requires_action",
    )
    account.emit("payment_intent.requires_action", intent)


def cancel_for(account: Account, intent: Json, reason: str | None) -> None:
    intent.update(
        canceled_at=account.now(), cancellation_reason=reason, next_action=None, status="canceled"
    )
    account.emit("payment_intent.canceled", intent)


def retrieve(account: Account, call: Call) -> Json:
    return account.get("payment_intent", call.id)


def update(account: Account, call: Call) -> Json:
    intent = account.get("payment_intent", call.id)
    changes = {k: v for k, v in call.params.items() if k in _COMMON}
    if set(changes) - {"description", "metadata"}:
        _refuse_invoice_default(account, intent, "edited")
        if intent["status"] not in _OPEN:
            raise _unexpected(intent, "update")
    if "payment_method" in changes:
        method = cards.use(account, changes.pop("payment_method"))
        intent.update(payment_method=method["id"], status="requires_confirmation")
    for name in set(changes) & set(intent):
        value = changes[name]
        intent[name] = merged(intent[name], value) if name == "metadata" else value
    return intent


def confirm_call(account: Account, call: Call) -> Json:
    intent = account.get("payment_intent", call.id)
    if intent["status"] not in _OPEN:
        raise _unexpected(intent, "confirm")
    method_id = call.params.get("payment_method") or intent["payment_method"]
    if method_id is None:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method."
        )
        raise wrong_state(message, "payment_intent_unexpected_state")
    confirm(account, intent, cards.use(account, method_id))
    return intent


def cancel(account: Account, call: Call) -> Json:
    intent = account.get("payment_intent", call.id)
    _refuse_invoice_default(account, intent, "canceled")
    if intent["status"] not in _OPEN:
        raise _unexpected(intent, "cancel")
    cancel_for(account, intent, call.params.get("cancellation_reason"))
    return intent


def list_(account: Account, call: Call) -> Json:
    found = (
        intent
        for intent in account.newest_first("payment_intent")
        if lists.in_time(call, intent) and lists.matches(call, intent, "customer")
    )
    return lists.page(call, found)


def _refuse_invoice_default(account: Account, intent: Json, what: str) -> None:
    for payment in account.tables["invoice_payment"].values():
        if payment["is_default"] and payment["payment"].get("payment_intent") == intent["id"]:
            raise wrong_state(
                f"This PaymentIntent cannot be {what} directly: it is the default payment of the "
                f"invoice {payment['invoice']}.",
                "payment_intent_unexpected_state",
            )


def _unexpected(intent: Json, verb: str) -> StripeRefusal:
    return wrong_state(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        "payment_intent_unexpected_state",
        payment_intent=copy.deepcopy(intent),
    )


def _declined(charge: Json, method: Json) -> StripeRefusal:
    card = cards.card_of(method)
    return StripeRefusal(
        402,
        card.message,
        kind="card_error",
        code=card.code,
        decline_code=card.decline_code,
        charge=charge["id"],
        payment_method=copy.deepcopy(method),
    )
