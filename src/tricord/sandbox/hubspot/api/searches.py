"""The search endpoint: its limits, its pages, and the index it reads."""

from typing import Any
from urllib.parse import urlsplit

from tricord.sandbox.faults.fault import FaultKind
from tricord.sandbox.faults.faults import Faults
from tricord.sandbox.hubspot.api.call import Answer, Call
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.records import shown_values
from tricord.sandbox.hubspot.crm.refusals import invalid
from tricord.sandbox.hubspot.crm.search import MOST_PER_PAGE, MOST_ROWS, search
from tricord.sandbox.hubspot.crm.values import moment

LONGEST_BODY = 3_000


class Searches:
    def __init__(self, portal: Portal, faults: Faults) -> None:
        self._portal = portal
        self._faults = faults

    def search(self, call: Call) -> Answer:
        if call.size > LONGEST_BODY:
            raise invalid(f"The request body is longer than {LONGEST_BODY} characters")
        body = call.object()
        limit, after = _whole(body, "limit", 10), _whole(body, "after", 0)
        if not 0 <= limit <= MOST_PER_PAGE:
            raise invalid(f"limit must be between 0 and {MOST_PER_PAGE}, was {limit}")
        if after + limit > MOST_ROWS:
            raise invalid(f"Paging beyond {MOST_ROWS} results is not supported")
        strike = self._faults.strike(FaultKind.SEARCH_LAG, "POST", urlsplit(call.url).path)
        more_lag = strike.fault.seconds or 0.0 if strike else 0.0
        found = search(self._portal, call.kind, body, more_lag)
        known = [one.name for one in self._portal.schema.properties(call.kind)]
        wanted = [str(name) for name in body.get("properties") or []]
        said: dict[str, Any] = {
            "total": len(found),
            "results": [
                {
                    "id": one.id,
                    "properties": shown_values(call.kind, one.values, wanted, known),
                    "createdAt": moment(one.created_at),
                    "updatedAt": moment(one.updated_at),
                    "archived": False,
                }
                for one in found[after : after + limit]
            ],
        }
        if after + limit < len(found):
            said["paging"] = {"next": {"after": str(after + limit)}}
        return 200, said


def _whole(body: dict[str, Any], name: str, default: int) -> int:
    try:
        return int(body.get(name) or default)
    except (TypeError, ValueError):
        raise invalid(f"{name} must be a number") from None
