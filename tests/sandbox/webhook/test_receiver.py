"""The receiver in a box, judged by the specification's own library."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from sandbox.served import Served, served
from tricord.sandbox.box import Settings
from tricord.sandbox.webhook import WebhookBox
from tricord.sandbox.webhook.box import PATH

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BODY = json.dumps({"type": "alert.told", "data": {"title": "It is broken"}})


@pytest.fixture
def receiver() -> Iterator[Served]:
    with served(WebhookBox(Settings(clock=lambda: NOW, seed=7))) as here:
        yield here


def signed(receiver: Served, at: datetime = NOW, name: str = "msg_1") -> dict[str, str]:
    signature = Webhook(receiver.box.credentials["secret"]).sign(name, at, BODY)
    stamp = str(int(at.timestamp()))
    return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": signature}


def test_it_takes_what_the_library_signs_and_each_message_once(receiver: Served) -> None:
    for name in ("msg_1", "msg_1", "msg_2"):
        assert receiver.post(PATH, BODY.encode(), signed(receiver, name=name))[0] == 204
    state = receiver.state()
    assert [m["title"] for m in state["messages"]] == ["It is broken", "It is broken"]
    assert state["copies"] == {"msg_1": 2}


def test_it_refuses_what_is_forged_stale_or_early(receiver: Served) -> None:
    good = signed(receiver)
    wrong = good | {"webhook-signature": "v1,AAAA v2,BBBB nonsense"}
    late, early = (signed(receiver, NOW + timedelta(seconds=s)) for s in (-301, 301))
    lacking = [{k: v for k, v in good.items() if k != name} for name in good]
    for headers in (wrong, late, early, *lacking, good | {"webhook-timestamp": "soon"}):
        assert receiver.post(PATH, BODY.encode(), headers)[0] == 401
    assert receiver.post(PATH, BODY.encode() + b" ", good)[0] == 401
    assert receiver.state()["messages"] == []


@pytest.mark.parametrize(
    ("trouble", "status"), [("gone", 410), ("moved", 302), ("busy", 429), ("broken", 500)]
)
def test_it_can_refuse(receiver: Served, trouble: str, status: int) -> None:
    assert receiver.trouble(trouble, times=1) == 200
    assert receiver.post(PATH, BODY.encode(), signed(receiver))[0] == status
    assert receiver.post(PATH, BODY.encode(), signed(receiver))[0] == 204


def test_what_was_taken_may_be_answered_as_if_it_was_not(receiver: Served) -> None:
    receiver.trouble("broken_after", times=1)
    assert receiver.post(PATH, BODY.encode(), signed(receiver))[0] == 500
    assert len(receiver.state()["messages"]) == 1
