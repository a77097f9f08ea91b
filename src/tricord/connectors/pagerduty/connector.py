"""PagerDuty, declared: the Events API v2. The routing key travels in the body."""

from tricord.connectors.pagerduty.act import PATH, tell
from tricord.core.records import Record
from tricord.sdk.connector import Access, Connector, Limits, Notice, Once, Setting
from tricord.sdk.errors import AccessLost, TricordError
from tricord.sdk.talk import Reading, Response, error_of, post_json


def _probe(access: Access) -> Reading:
    """The end of an incident that never was: nothing is opened, and a wrong key is told of."""
    body = {
        "routing_key": access.text("routing_key"),
        "event_action": "resolve",
        "dedup_key": "tricord/probe/0",
    }
    yield post_json(PATH, body, writes=False)
    nothing: tuple[Record, ...] = ()
    return nothing


def _explain(response: Response, detail: str) -> TricordError:
    """400 names what is wrong in words; a routing key that is wrong stands among them."""
    words = response.body[:4000].decode("utf-8", "replace").lower().replace("_", " ")
    if response.status == 400 and "routing key" in words:
        return AccessLost(f"{detail}: HTTP 400, the routing key is not accepted")
    return error_of(response, detail)


CONNECTOR = Connector(
    name="pagerduty",
    title="PagerDuty",
    base_url="https://events.pagerduty.com",
    settings=(
        Setting(
            name="routing_key",
            label="Integration key",
            help="PagerDuty > the service > Integrations > Events API V2 > Integration Key",
            pattern=r"[A-Za-z0-9]{32}",
        ),
    ),
    limits=Limits(at_once=2, per_second=2.0, burst=10),
    verbs={},
    headers=lambda access: (),
    explain=_explain,
    probe=_probe,
    notice=Notice(once=Once.NATURAL, tell=tell),
)
