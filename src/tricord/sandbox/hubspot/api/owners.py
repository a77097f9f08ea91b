"""Owners over HTTP."""

from tricord.sandbox.hubspot.api.call import Answer, Call
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.refusals import not_found


class OwnerPages:
    def __init__(self, portal: Portal) -> None:
        self._owners = portal.owners

    def page(self, call: Call) -> Answer:
        email = call.query.get("email", "").lower()
        known = [] if call.flag("archived") else self._owners
        return 200, {"results": [one.shown() for one in known if email in ("", one.email)]}

    def read(self, call: Call) -> Answer:
        for one in self._owners:
            wanted = call.path["id"]
            by_user = call.query.get("idProperty") == "userId"
            if wanted == (str(one.user_id) if by_user else one.id):
                return 200, one.shown()
        raise not_found("resource not found")
