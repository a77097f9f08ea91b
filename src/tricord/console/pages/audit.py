"""The audit log: every effect, decision, sensitive read and human act, newest first."""

from tricord.console.pages.asked import PER_PAGE, Asked, Content, turning
from tricord.store.audit_views import WHO, audit_rows
from tricord.store.database import Tx


def audit(tx: Tx, asked: Asked) -> Content:
    who = asked.one_of("who", WHO)
    found = audit_rows(tx, who, asked.search, PER_PAGE + 1, asked.offset)
    return {
        "rows": found[:PER_PAGE],
        "who": who,
        "whos": WHO,
        "search": asked.search,
        **turning(asked, len(found), who=who),
    }
