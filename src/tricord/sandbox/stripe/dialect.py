"""How Stripe says that something went wrong: its error bodies and the headers beside them."""

import json

from tricord.sandbox.faults.dialect import Answer, Dialect, Struck, retry_after
from tricord.sandbox.faults.fault import CALL_FAULTS, WEBHOOK_FAULTS, FaultKind
from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import StripeRefusal, no_access
from tricord.sandbox.stripe.kinds import API_VERSION
from tricord.sandbox.stripe.wire.access import given_key, masked


def stripe_dialect(account: Account) -> Dialect:
    def words(struck: Struck) -> Answer:
        refusal = _refusal(account, struck)
        headers = {
            "Content-Type": "application/json",
            "Request-Id": f"req_{struck.id[-14:]}",
            "Stripe-Version": API_VERSION,
        }
        if struck.kind is FaultKind.RATE_LIMITED:
            headers["Stripe-Rate-Limited-Reason"] = "global-rate"
            headers |= {name.replace("_", "-"): said for name, said in retry_after(struck).items()}
        if refusal.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="Stripe"'
        body = json.dumps(refusal.body, indent=2).encode()
        return Answer(status=refusal.status, body=body, headers=headers)

    return Dialect(
        kinds=CALL_FAULTS | WEBHOOK_FAULTS | {FaultKind.SEARCH_LAG},
        api=("/v1/", "/v2/"),
        words=words,
    )


def _refusal(account: Account, struck: Struck) -> StripeRefusal:
    match struck.kind:
        case FaultKind.RATE_LIMITED:
            message = "Too many requests hit the API too quickly."
            return StripeRefusal(429, message, code="rate_limit")
        case FaultKind.EXPIRED_TOKEN:
            key = masked(given_key(struck.headers.get("authorization")) or "")
            return StripeRefusal(401, f"Expired API Key provided: {key}", code="api_key_expired")
        case FaultKind.REVOKED_ACCESS:
            key = masked(given_key(struck.headers.get("authorization")) or "")
            return no_access(account.id, key)
        case FaultKind.DOWN:
            status = struck.strike.fault.status or 503
            return StripeRefusal(status, "An error occurred.", kind="api_error")
        case _:
            return StripeRefusal(struck.status, "An error occurred.", kind="api_error")
