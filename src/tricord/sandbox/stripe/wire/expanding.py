"""`expand[]`: ids in an answer replaced by the objects they name."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import StripeRefusal, bad_parameter
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire.lists import envelope

DEEPEST = 4


def expand(account: Account, answer: Json, paths: list[str]) -> Json:
    """A copy of `answer` with every path in `paths` expanded."""
    answer = copy.deepcopy(answer)
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            message = f"You cannot expand more than {DEEPEST} levels of a property ({path})."
            raise bad_parameter(message, "expand")
        _walk(account, answer, steps, path)
    return answer


def _walk(account: Account, here: Json, steps: list[str], path: str) -> None:
    step, rest = steps[0], steps[1:]
    if step == "data" and isinstance(here.get("data"), list):
        for element in here["data"]:
            if rest:
                _walk(account, element, rest, path)
        return
    if made := _included(account, here, step):
        here[step] = made
    elif step not in here:
        raise _cannot(path)
    value = here[step]
    if isinstance(value, str):
        found = account.lookup(value)
        if found is None:
            raise _cannot(path)
        here[step] = value = copy.deepcopy(found)
    if rest and isinstance(value, dict):
        _walk(account, value, rest, path)
    elif rest and isinstance(value, list):
        for element in value:
            _walk(account, element, rest, path)


def _included(account: Account, here: Json, step: str) -> Json | None:
    """Fields Stripe leaves out of an object until they are asked for."""
    object_id = here.get("id")
    match here.get("object"), step:
        case "invoice", "payments":
            payments = account.payments.get(str(object_id), [])
            mine = [copy.deepcopy(p) for p in reversed(payments)]
            url = f"/v1/invoice_payments?invoice={object_id}"
            return envelope(mine[:10], url, has_more=len(mine) > 10)
        case "invoice", "confirmation_secret":
            return _secret(account, str(object_id))
        case "charge", "refunds":
            refunds = [r for r in account.newest_first("refund") if r["charge"] == object_id]
            url = f"/v1/charges/{object_id}/refunds"
            return envelope(copy.deepcopy(refunds[:10]), url, has_more=len(refunds) > 10)
        case "customer", ("sources" | "subscriptions" | "tax_ids"):
            return envelope([], f"/v1/customers/{object_id}/{step}", has_more=False)
    return None


def _secret(account: Account, invoice_id: str) -> Json | None:
    for payment in account.tables["invoice_payment"].values():
        if payment["invoice"] == invoice_id and payment["is_default"]:
            intent = account.lookup(payment["payment"]["payment_intent"])
            if intent is not None:
                return {"client_secret": intent["client_secret"], "type": "payment_intent"}
    return None


def _cannot(path: str) -> StripeRefusal:
    return bad_parameter(f"This property cannot be expanded ({path}).", "expand")
