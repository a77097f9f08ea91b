"""How HubSpot says that something went wrong: its error bodies, and what a strike does inside."""

from tricord.sandbox.faults.dialect import Answer, Dialect, Struck, json_answer, retry_after
from tricord.sandbox.faults.fault import CALL_FAULTS, WEBHOOK_FAULTS, FaultKind
from tricord.sandbox.hubspot.api.gate import too_many
from tricord.sandbox.hubspot.api.tokens import (
    Tokens,
    bad_refresh_token,
    expired_token,
    unknown_token,
)
from tricord.sandbox.hubspot.crm.refusals import Refusal

_ONLY_HERE = frozenset({FaultKind.SEARCH_LAG, FaultKind.ROTATED_TOKEN})


def hubspot_dialect(tokens: Tokens) -> Dialect:
    def words(struck: Struck) -> Answer | None:
        if struck.kind is FaultKind.EXPIRED_TOKEN:
            # The token stays expired, so that only a refreshed one helps; the private app's own
            # never expires for good, as nothing could replace it.
            tokens.expire(struck.headers.get("authorization"))
        return _said(_refusal(struck), struck)

    return Dialect(
        kinds=CALL_FAULTS | WEBHOOK_FAULTS | _ONLY_HERE,
        # Not /oauth/authorize, which is a page for people.
        api=("/crm/", "/oauth/v", "/oauth/2", "/webhooks/"),
        words=words,
    )


def _refusal(struck: Struck) -> Refusal:
    match struck.kind:
        case FaultKind.RATE_LIMITED if struck.path.endswith("/search"):
            return too_many("secondly", "SECONDLY")
        case FaultKind.RATE_LIMITED:
            return too_many("ten_secondly_rolling", "TEN_SECONDLY_ROLLING")
        case FaultKind.EXPIRED_TOKEN:
            return expired_token(0, struck.now)
        case FaultKind.REVOKED_ACCESS if struck.path.startswith("/oauth/"):
            return bad_refresh_token()
        case FaultKind.REVOKED_ACCESS:
            return unknown_token()
        case FaultKind.DOWN:
            return Refusal(status=struck.strike.fault.status or 503, message="Service unavailable")
        case _:
            return Refusal(status=struck.status, message="internal error")


def _said(refusal: Refusal, struck: Struck) -> Answer:
    limits = retry_after(struck) if refusal.status in (429, 503) else {}
    if struck.kind is FaultKind.RATE_LIMITED and not struck.path.endswith("/search"):
        limits |= {
            "X_HubSpot_RateLimit_Max": "100",
            "X_HubSpot_RateLimit_Remaining": "0",
            "X_HubSpot_RateLimit_Interval_Milliseconds": "10000",
        }
    return json_answer(
        refusal.status, refusal.body(struck.id), X_HubSpot_Correlation_Id=struck.id, **limits
    )
