"""PagerDuty's Events API in a box, judged by PagerDuty's own client."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pagerduty
import pytest

from sandbox.served import Served, served
from tricord.sandbox.box import Settings
from tricord.sandbox.pagerduty import PagerDutyBox

PAYLOAD = {"summary": "It is broken", "source": "test", "severity": "error"}


@pytest.fixture
def pager() -> Iterator[Served]:
    with served(PagerDutyBox(Settings(seed=7))) as here:
        yield here


class Detour(httpx2.HTTPTransport):
    """The client insists on https, so its requests are led to the box on their way."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._place = httpx2.URL(url)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert str(request.url).startswith("https://events.pagerduty.com/")
        here = self._place
        request.url = request.url.copy_with(scheme="http", host=here.host, port=here.port)
        return super().handle_request(request)


@pytest.fixture
def client(pager: Served) -> Iterator[Any]:
    key = pager.box.credentials["routing_key"]
    with pagerduty.EventsApiV2Client(key, transport=Detour(pager.url)) as made:
        made.retry = {}
        yield made


def test_an_incident_is_one_by_its_key_through_its_whole_life(pager: Served, client: Any) -> None:
    key = client.trigger("It is broken", "test", dedup_key="a/1", severity="critical")
    assert key == "a/1"
    client.trigger("It is broken", "test", dedup_key="a/1", severity="critical")
    client.acknowledge("a/1")
    (incident,) = pager.state()["incidents"]
    assert (incident["status"], incident["events"]) == ("acknowledged", 2)
    client.resolve("a/1")
    client.resolve("never was")
    client.trigger("Again", "test", dedup_key="a/1")
    first, second = pager.state()["incidents"]
    assert (first["status"], second["status"]) == ("resolved", "triggered")


def test_a_trigger_without_a_key_is_given_one(pager: Served, client: Any) -> None:
    key = client.trigger("x", "test")
    assert len(key) == 32
    assert pager.state()["incidents"][0]["dedup_key"] == key


def test_a_change_pages_nobody(pager: Served, client: Any) -> None:
    client.send_change_event({"summary": "a new policy", "source": "test"})
    state = pager.state()
    assert (state["incidents"], len(state["changes"])) == ([], 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"payload": {**PAYLOAD, "severity": "loud"}}, "severity"), ({"payload": {}}, "summary"),
     ({"payload": {**PAYLOAD, "summary": "x" * 1025}}, "too long"),
     ({"event_action": "explode"}, "event_action"), ({"routing_key": "short"}, "32 characters"),
     ({"routing_key": "0" * 32}, "routing key"), ({"dedup_key": "x" * 256}, "too long"),
     ({"event_action": "resolve", "dedup_key": None}, "dedup_key"),
     ({"links": [{"text": "no address"}]}, "links")],
)  # fmt: skip
def test_an_event_that_is_not_in_order_is_refused_with_words(
    pager: Served, changes: dict[str, Any], words: str
) -> None:
    event = {"event_action": "trigger", "payload": PAYLOAD, "dedup_key": "k", **changes}
    key = {"routing_key": pager.box.credentials["routing_key"]}
    status, text, _ = pager.post("/v2/enqueue", json.dumps(key | event).encode())
    assert status == 400
    body = json.loads(text)
    assert body["status"] == "invalid event"
    assert words in str(body["errors"])
    assert pager.state()["incidents"] == []


def test_trouble_is_answered_as_it_is_there(pager: Served) -> None:
    assert pager.trouble("throttled", times=1) == 200
    assert pager.post("/v2/enqueue", b"{}")[0] == 429
    assert pager.trouble("") == 200
    assert "PagerDuty" in pager.get("/")
