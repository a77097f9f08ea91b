"""Reading a mailbox on: each folder from the last UID seen, and what is found is kept as raw mail.

The cursor holds each folder's UIDVALIDITY and last UID, and the day before which nothing is read,
so that a folder which is numbered anew is not taken for years of news.
"""

import base64
import binascii
import hashlib
import json
from datetime import timedelta

from tricord.connectors.imap.parse import SENT, stamped
from tricord.core.ids import Instant
from tricord.sdk.connector import Access
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.reader import Reader, read_time
from tricord.sdk.talk import Changes, FetchMail, Listing, Missed

_FOLDERS = f"INBOX, {SENT}"
_FIRST_DAYS = timedelta(days=30)


def changes(access: Access, cursor: str, now: Instant) -> Listing:
    """One look into each folder. A mail's id is made from its bytes: however often a folder is read
    again, and under whatever number, it is the same delivery."""
    known = Reader.of(cursor.encode()) if cursor else Reader({})
    day = access.text("since") or known.text_or("since", f"{now - _FIRST_DAYS:%Y-%m-%d}")
    places = known.child_or_empty("folders")
    next_places: dict[str, dict[str, int]] = {}
    missed: list[Missed] = []
    more = False
    for folder in folders_of(access):
        place = places.child_or_empty(folder)
        validity, after = place.integer_or("validity"), place.integer_or("after")
        wire = FetchMail(folder=folder, validity=validity, after=after, since=day)
        answer = (yield wire).read
        validity, after = answer.integer_or("validity"), answer.integer_or("through")
        place_of = f"{folder}/{validity}"
        missed.extend(_mail(one, folder, place_of, now) for one in answer.children("mails"))
        more = more or answer.flag_or("more")
        next_places[folder] = {"validity": validity, "after": after}
    kept = json.dumps({"folders": next_places, "since": day}, separators=(",", ":"))
    return Changes(cursor=kept, missed=tuple(missed), more=more)


def folders_of(access: Access) -> list[str]:
    named = (access.text("folders") or _FOLDERS).split(",")
    return list(dict.fromkeys(filter(None, map(str.strip, named)))) or ["INBOX"]


def _mail(found: Reader, folder: str, place: str, now: Instant) -> Missed:
    """One that is empty has no bytes to be known by: its place names it, and it will be parked."""
    try:
        raw = base64.b64decode(found.text_or("raw"), validate=True)
    except (binascii.Error, ValueError):
        raise PayloadMalformed(f"{found.path}.raw: not base64") from None
    told = found.text_or("internal_date")
    arrived = read_time(told, f"{found.path}.internal_date") if told else now
    name = hashlib.sha256(raw).hexdigest() if raw else f"{place}/{found.integer_or('uid')}"
    return Missed(id=name, body=stamped(raw, folder, arrived))
