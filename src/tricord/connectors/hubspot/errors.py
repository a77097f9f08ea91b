"""HubSpot's errors: which property is missing, and which limit was met. No message is passed on."""

from collections.abc import Iterator

from tricord.sdk.errors import PayloadMalformed, Refused, TricordError, TryAgain
from tricord.sdk.reader import Reader
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

    HubSpot tells it in `errors[].code` of a 400, or of one row of a batch that answers 207; an
    unknown `idProperty` is told in the message alone.
    """
    if response.status not in (207, 400):
        return False
    try:
        return any(_names_missing(error) for error in _errors(response.read))
    except PayloadMalformed:
        return False


def _errors(body: Reader) -> Iterator[Reader]:
    yield body
    for error in body.children("errors"):
        yield from _errors(error)


def _names_missing(error: Reader) -> bool:
    words = error.text_or("message").lower()
    told = "property" in words and ("not exist" in words or "not a unique" in words)
    return told or error.text_or("code") == MISSING_PROPERTY
