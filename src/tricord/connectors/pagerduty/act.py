"""Telling PagerDuty. Class B: all that is told of one occurrence shares a `dedup_key`, so that a
repeated trigger adds to the open incident, and the resolve closes it."""

import hashlib

from tricord.core.alerts import Alert, incident_key
from tricord.core.ids import ExternalId, Kind, Ref
from tricord.sdk.connector import Access, Work
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.talk import Done, Talk, post_json

PATH = "/v2/enqueue"
_LONGEST_KEY = 255
_LONGEST_SUMMARY = 1024


def tell(access: Access, alert: Alert, work: Work) -> Talk:
    wanted = dedup_key(alert)
    answer = yield post_json(PATH, event(access, alert), expected=(202,))
    given = answer.read.text_or("dedup_key")
    if given and given != wanted:
        raise PayloadMalformed("$.dedup_key: not the key that was sent")
    return Done(remote=Ref(access.connection, Kind.MESSAGE, ExternalId(wanted)))


def dedup_key(alert: Alert) -> str:
    key = incident_key(alert.cause, alert.occurrence)
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def event(access: Access, alert: Alert) -> dict[str, object]:
    head: dict[str, object] = {
        "routing_key": access.text("routing_key"),
        "event_action": "resolve" if alert.over else "trigger",
        "dedup_key": dedup_key(alert),
    }
    if alert.over:
        return head
    head["client"] = "Tricord"
    head["payload"] = {
        "summary": alert.title[:_LONGEST_SUMMARY],
        "source": "tricord",
        "severity": str(alert.severity),
        "timestamp": alert.at.isoformat(),
        "component": alert.cause.partition("/")[2] or "tricord",
        "class": alert.cause.partition("/")[0],
        "custom_details": {
            "cases": alert.count,
            "owner": alert.owner,
            "at_stake": [str(money) for money in alert.money],
            "lines": list(alert.lines),
        },
    }
    if alert.link:
        head["client_url"] = alert.link
        head["links"] = [{"href": alert.link, "text": "Open the cases"}]
    return head
