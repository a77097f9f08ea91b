"""Payment methods: test cards, attached to customers."""

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import bad_parameter, wrong_state
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.payments import cards
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    Shape,
    anything,
    choice,
    integer,
    metadata,
    nested,
    shape,
    word,
)

_CARD = Shape({"cvc": word, "exp_month": integer, "exp_year": integer, "number": word}, ("number",))
CREATE = shape(
    "type",
    allow_redisplay=anything,
    billing_details=anything,
    card=nested(_CARD),
    metadata=metadata,
    type=choice("card"),
)
ATTACH = shape("customer", customer=word)
LIST = shape(**PAGE, allow_redisplay=anything, customer=word, type=choice("card"))
READ = shape()


def create(account: Account, call: Call) -> Json:
    if "card" not in call.params:
        raise bad_parameter("Missing required param: card.", "card", "parameter_missing")
    method = cards.new_method(account, cards.by_number(call.params["card"]["number"]))
    method["metadata"] = call.params.get("metadata") or {}
    return method


def retrieve(account: Account, call: Call) -> Json:
    return account.get("payment_method", call.id)


def attach(account: Account, call: Call) -> Json:
    customer = account.get("customer", call.params["customer"], param="customer")
    name = call.id
    method = (
        cards.use(account, name) if cards.by_name(name) else account.get("payment_method", name)
    )
    if method["customer"] not in (None, customer["id"]):
        raise wrong_state("The payment method is already attached to another customer.")
    method["customer"] = customer["id"]
    account.emit("payment_method.attached", method)
    return method


def detach(account: Account, call: Call) -> Json:
    method = account.get("payment_method", call.id)
    if method["customer"] is None:
        raise wrong_state("The payment method you provided is not attached to a customer.")
    before = dict(method)
    method["customer"] = None
    account.emit("payment_method.detached", method, before)
    return method


def list_(account: Account, call: Call) -> Json:
    found = (
        method
        for method in account.newest_first("payment_method")
        if method["customer"] is not None and lists.matches(call, method, "customer", "type")
    )
    return lists.page(call, found)
