"""The match queue: records that may be a client's, for a person to decide."""

from tricord.console.pages.asked import PER_PAGE, Asked, Content, turning
from tricord.store import identity_views
from tricord.store.database import Tx


def identity(tx: Tx, asked: Asked) -> Content:
    found = identity_views.queue(tx, PER_PAGE + 1, asked.offset)
    return {"rows": found[:PER_PAGE], **turning(asked, len(found))}
