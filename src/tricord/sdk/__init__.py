"""What a connector is made of: declarations, talks, readers and signing schemes. No I/O."""

from tricord.core.delivery import Delivery
from tricord.sdk.connector import Access, Connector, Limits, Once, Setting, Verb, Work
from tricord.sdk.errors import (
    AccessLost,
    OutcomeUnknown,
    PayloadMalformed,
    Refused,
    SignatureInvalid,
    TricordError,
    TryAgain,
)
from tricord.sdk.reader import Reader
from tricord.sdk.talk import (
    Changes,
    Done,
    Hint,
    Listing,
    Mail,
    Missed,
    Reading,
    Request,
    Response,
    Talk,
    get,
    post_form,
    post_json,
)

__all__ = [
    "Access",
    "AccessLost",
    "Changes",
    "Connector",
    "Delivery",
    "Done",
    "Hint",
    "Limits",
    "Listing",
    "Mail",
    "Missed",
    "Once",
    "OutcomeUnknown",
    "PayloadMalformed",
    "Reader",
    "Reading",
    "Refused",
    "Request",
    "Response",
    "Setting",
    "SignatureInvalid",
    "Talk",
    "TricordError",
    "TryAgain",
    "Verb",
    "Work",
    "get",
    "post_form",
    "post_json",
]
