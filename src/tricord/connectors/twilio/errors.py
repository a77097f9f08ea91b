"""Twilio's errors: its own code says more than the status. No message is passed on: it may hold
the number."""

from tricord.core.consent import OPTED_OUT
from tricord.sdk.errors import AccessLost, PayloadMalformed, Refused, TricordError
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Response, error_of

UNSUBSCRIBED = 21610
_ACCESS = frozenset({20003, 20005, 20006, 20008, 10001, 30002})
"""Wrong credentials, a suspended account, no permission, test credentials."""
_WORDS = {
    UNSUBSCRIBED: OPTED_OUT,
    21211: "the recipient's number is not valid",
    21408: "text messages to that region are not enabled for this account",
    21606: "the sender is not a number of this account that can send text messages",
    21608: "a trial account sends to verified numbers alone",
    21609: "server.public_url is not an address that Twilio can reach",
    21612: "there is no way from the sender to this number",
    21614: "the recipient's number is not a mobile number",
    21617: "the text is longer than 1,600 signs",
    21660: "the sender does not belong to this account",
}


def explain(response: Response, detail: str) -> TricordError:
    """By status, unless the code says otherwise; the code is told, in words where we have some."""
    found = error_of(response, detail)
    number = code(response)
    if number is None:
        return found
    words = f"{found.detail}, code {number}"
    if number in _WORDS:
        words = f"{words}: {_WORDS[number]}"
    if number in _ACCESS and response.status < 500:
        return AccessLost(words)
    if isinstance(found, AccessLost) and response.status == 403:
        # Forbidden of this one message, such as a region; the credentials are good.
        return Refused(words)
    return Refused(words) if isinstance(found, Refused) else found


def code(response: Response) -> int | None:
    try:
        return Reader.of(response.body).integer("code")
    except PayloadMalformed:
        return None
