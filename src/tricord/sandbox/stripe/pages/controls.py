"""The controls under /_sandbox/: what the client and the banks do, and how the box behaves."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tricord.sandbox.stripe import clientside
from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import StripeRefusal, bad_parameter
from tricord.sandbox.stripe.kinds import Json

Act = Callable[[Account, str, Json], Json]


def routes(account: Account) -> list[Route]:
    """Forms go back to the page they came from; JSON gets the object as it is now."""
    acts: dict[str, Act] = {
        "invoices/{id}/pay": _pay,
        "charges/{id}/refund": _refund,
        "charges/{id}/dispute": _dispute,
        "disputes/{id}/close": _close,
        "refunds/{id}/settle": _settle,
        "payment_intents/{id}/authenticate": _authenticate,
    }
    return [
        Route(f"/_sandbox/{path}", _endpoint(account, act), methods=["POST"])
        for path, act in acts.items()
    ]


def minor_units(given: Json, name: str = "amount") -> int | None:
    """An amount in minor units; None when the field is left empty."""
    value = given.get(name)
    if value is None or value == "":
        return None
    try:
        return int(str(value))
    except ValueError:
        raise bad_parameter(f"{name} is a whole number of minor units", name) from None


def _endpoint(account: Account, act: Act) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        is_json = "json" in request.headers.get("content-type", "")
        account.called_url = str(request.base_url).rstrip("/")
        try:
            given = await _given(request, is_json=is_json)
            done = act(account, request.path_params["id"], given)
        except StripeRefusal as refusal:
            if is_json:
                return JSONResponse(refusal.body, status_code=refusal.status)
            # A declined card is an outcome to see on the page, not a broken page.
            told = urlencode({"problem": str(refusal)})
            return RedirectResponse(f"{_back(request)}?{told}", status_code=303)
        if is_json:
            return JSONResponse(done)
        return RedirectResponse(_back(request), status_code=303)

    return endpoint


async def _given(request: Request, *, is_json: bool) -> Json:
    if is_json:
        body = await request.json() if await request.body() else {}
        if not isinstance(body, dict):
            raise bad_parameter("Send a JSON object.", "body")
        return body
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def _back(request: Request) -> str:
    """The path of the page the form was on, on this box and nowhere else."""
    page = urlsplit(request.headers.get("referer", ""))
    return f"/{page.path.lstrip('/')}" if page.netloc == request.url.netloc else "/"


def _pay(account: Account, object_id: str, given: Json) -> Json:
    card = str(given.get("payment_method") or "pm_card_visa")
    return clientside.pay_invoice(account, object_id, minor_units(given), card)


def _refund(account: Account, object_id: str, given: Json) -> Json:
    status = str(given.get("status") or "")
    if status not in {"", "pending", "succeeded", "failed"}:
        raise bad_parameter("status is pending, succeeded or failed", "status")
    return clientside.refund_charge(account, object_id, minor_units(given), status)


def _dispute(account: Account, object_id: str, given: Json) -> Json:
    reason = str(given.get("reason") or "fraudulent")
    return clientside.dispute_charge(account, object_id, minor_units(given), reason)


def _close(account: Account, object_id: str, given: Json) -> Json:
    return clientside.close_dispute(account, object_id, str(given.get("status") or ""))


def _settle(account: Account, object_id: str, given: Json) -> Json:
    status = str(given.get("status") or "succeeded")
    if status not in {"succeeded", "failed"}:
        raise bad_parameter("status is succeeded or failed", "status")
    reason = given.get("failure_reason")
    return clientside.settle_refund(account, object_id, status, reason)


def _authenticate(account: Account, object_id: str, given: Json) -> Json:
    agreed = str(given.get("outcome") or "succeed") == "succeed"
    return clientside.authenticate(account, object_id, agreed=agreed)
