"""HubSpot's errors: which property is missing, and which limit was met. No message is passed on."""

from tricord.sdk.errors import PayloadMalformed, Refused, TricordError, TryAgain
from tricord.sdk.talk import Response, error_of

MISSING_PROPERTY = "PROPERTY_DOESNT_EXIST"


def explain(response: Response, detail: str) -> TricordError:
    """By status, and by HubSpot's category where it says more. 477 is an account being moved."""
    if response.status == 477:
        return TryAgain(f"{detail}: HubSpot is moving this account", retry_after=3600.0)
    if response.status == 403 and category(response) != "MISSING_SCOPES":
        return Refused(f"{detail}: HTTP 403")
    found = error_of(response, detail)
    if isinstance(found, Refused):
        return Refused(f"{found.detail} {category(response)}".strip())
    return found


def category(response: Response) -> str:
    try:
        return response.read.text_or("category")
    except PayloadMalformed:
        return ""


def missing_property(response: Response) -> bool:
    """Whether a write or upsert failed because a property of ours does not exist yet.

    HubSpot names it in `errors[].code`; an unknown `idProperty` is told in the message alone.
    """
    if response.status != 400:
        return False
    try:
        body = response.read
        codes = {error.text_or("code") for error in body.children("errors")}
        words = body.text_or("message").lower()
    except PayloadMalformed:
        return False
    unknown = "property" in words and ("not exist" in words or "not a unique" in words)
    return MISSING_PROPERTY in codes or MISSING_PROPERTY in words.upper() or unknown
