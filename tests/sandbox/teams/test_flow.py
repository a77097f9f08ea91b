"""The flow in a box: a 202 says that it has started, and no more."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.served import Served, served
from tricord.sandbox.box import Settings
from tricord.sandbox.teams import TeamsBox


@pytest.fixture
def teams() -> Iterator[Served]:
    with served(TeamsBox(Settings(seed=7))) as here:
        yield here


def path(teams: Served) -> str:
    return teams.at(teams.box.credentials["webhook_url"]).removeprefix(teams.url)


def card(*body: dict[str, Any], **more: Any) -> bytes:
    content = {"type": "AdaptiveCard", "version": "1.4", "body": list(body), **more}
    kind = "application/vnd.microsoft.card.adaptive"
    attachments = [{"contentType": kind, "contentUrl": None, "content": content}]
    return json.dumps({"type": "message", "attachments": attachments}).encode()


def test_a_card_is_posted_after_the_answer(teams: Served) -> None:
    body = card(
        {"type": "TextBlock", "text": "It is \\*broken\\*"},
        {"type": "FactSet", "facts": [{"title": "Owner", "value": "[x](https://y.example)"}]},
        actions=[{"type": "Action.OpenUrl", "title": "Open", "url": "https://hub.example"}],
    )
    assert teams.post(path(teams), body)[:2] == (202, "")
    (message,) = teams.state()["messages"]
    assert message["title"] == "It is *broken*"
    assert message["lines"][0] == "Owner: [a link: [x](https://y.example)]"
    assert teams.state()["runs"] == [{"status": "Succeeded", "why": ""}]


@pytest.mark.parametrize(
    "body",
    [b"{", b"{}", card(), card({"type": "Nothing"}),
     card({"type": "TextBlock", "text": "x" * 30000}),
     json.dumps({"type": "message", "attachments": [{"contentType": "text/plain"}]}).encode()],
    ids=["no JSON", "no message", "empty", "unknown element", "too large", "no card"],
)  # fmt: skip
def test_what_cannot_be_posted_is_accepted_and_fails_unseen(teams: Served, body: bytes) -> None:
    assert teams.post(path(teams), body)[0] == 202
    state = teams.state()
    assert state["messages"] == []
    assert state["runs"][0]["status"] == "Failed"


def test_an_address_that_is_not_whole_is_refused_with_a_code(teams: Served) -> None:
    good = path(teams)
    for wrong, status, code in (
        (good.replace("&sig=", "&sig=x"), 401, "DirectApiAuthorizationRequired"),
        (good.partition("?")[0], 401, "DirectApiAuthorizationRequired"),
        (good.replace("/workflows/", "/workflows/0"), 404, "WorkflowNotFound"),
    ):
        told, text, _ = teams.post(wrong, card({"type": "TextBlock", "text": "x"}))
        assert (told, json.loads(text)["error"]["code"]) == (status, code)
    teams.trouble("TooManyRequests", times=1)
    assert teams.post(good, b"{}")[0] == 429
