"""Slack's webhook in a box, judged by Slack's own SDK."""

from collections.abc import Iterator

import pytest
from slack_sdk.models.blocks import HeaderBlock, SectionBlock
from slack_sdk.webhook import WebhookClient

from sandbox.served import Served, served
from tricord.sandbox.box import Settings
from tricord.sandbox.slack import SlackBox
from tricord.sandbox.slack.box import CODES


@pytest.fixture
def slack() -> Iterator[Served]:
    with served(SlackBox(Settings(seed=7))) as here:
        yield here


def client(slack: Served, address: str = "") -> WebhookClient:
    return WebhookClient(slack.at(address or slack.box.credentials["webhook_url"]))


def test_the_sdk_posts_a_text_and_blocks(slack: Served) -> None:
    answer = client(slack).send(
        text="Hello", blocks=[HeaderBlock(text="Hi"), SectionBlock(text="*there*")]
    )
    assert (answer.status_code, answer.body) == (200, "ok")
    (message,) = slack.state()["messages"]
    assert (message["title"], message["lines"]) == ("Hello", ["Hi", "*there*"])
    assert "Hello" in slack.get("/")


def test_what_is_no_message_is_refused_as_slack_refuses_it(slack: Served) -> None:
    hook = client(slack)
    empty = hook.send_dict({"text": ""})
    assert (empty.status_code, empty.body) == (400, "no_text")
    assert hook.send_dict({"text": "x", "blocks": [{"type": "nothing"}]}).body == "invalid_blocks"
    assert hook.send_dict({"text": "x", "blocks": [{"type": "divider"}] * 51}).status_code == 400
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    assert hook.send_dict({"blocks": [long]}).body == "invalid_blocks"
    path = slack.at(slack.box.credentials["webhook_url"]).removeprefix(slack.url)
    assert slack.post(path, b"{")[:2] == (400, "invalid_payload")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert slack.post(path, b"payload=%7B%22text%22%3A%22by+form%22%7D", form)[0] == 200
    assert [m["title"] for m in slack.state()["messages"]] == ["by form"]


def test_each_part_of_the_address_is_a_secret(slack: Served) -> None:
    team, hook, token = slack.box.credentials["webhook_url"].rsplit("/", 3)[1:]
    base = "https://hooks.slack.com/services"
    for path, status, code in (
        (f"{team}/{hook}/wrong", 403, "invalid_token"),
        (f"{team}/B1/{token}", 404, "no_service"),
        (f"T1/{hook}/{token}", 404, "no_team"),
    ):
        answer = client(slack, f"{base}/{path}").send(text="x")
        assert (answer.status_code, answer.body) == (status, code)


@pytest.mark.parametrize("code", CODES)
def test_a_trouble_lasts_as_long_as_it_was_asked_for(slack: Served, code: str) -> None:
    assert slack.trouble(code, times=1) == 200
    answer = client(slack).send(text="x")
    assert (answer.status_code, answer.body) == (CODES[code], code)
    assert ("retry-after" in {name.lower() for name in answer.headers}) == (code == "rate_limited")
    assert client(slack).send(text="x").status_code == 200
    assert slack.trouble("nonsense") == 400


def test_a_call_of_the_channel_shows_as_one_and_an_escaped_one_as_text(slack: Served) -> None:
    client(slack).send(text="<!channel> &lt;!here&gt;")
    (message,) = slack.state()["messages"]
    assert message["title"] == "[everybody called: !channel] <!here>"
