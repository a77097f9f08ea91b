"""Messages, as Twilio's own SDK sends, lists, cancels and deletes them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from sandbox.twilio.conftest import CLIENT, FIRM, Stage


def refused(attempt: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as caught:
        attempt()
    return caught.value.status, caught.value.code


def test_a_message_moves_on_by_itself_and_each_move_is_told(stage: Stage) -> None:
    sent = stage.text("Hello", status_callback=stage.hub.url)
    assert (sent.status, sent.price, sent.num_segments) == ("queued", None, "1")
    assert sent.date_created == stage.clock.moment
    stage.clock.pass_(seconds=0.1)
    assert stage.sdk.messages(sent.sid).fetch().status == "sending"
    stage.clock.pass_(seconds=5)
    found = stage.sdk.messages(sent.sid).fetch()
    assert (found.status, found.price, found.date_sent) == (
        "delivered",
        "-0.00790",
        stage.clock.moment.replace(microsecond=0),
    )
    told = stage.hub.wait_for(3)
    assert {one["MessageStatus"] for one in told} == {"sending", "sent", "delivered"}
    assert {one["MessageSid"] for one in told} == {sent.sid}


def test_a_message_without_a_callback_tells_nobody(stage: Stage) -> None:
    stage.text("Hello")
    stage.clock.pass_(seconds=5)
    assert stage.state()["messages"][0]["status"] == "delivered"
    assert stage.hub.deliveries == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": "0142", "body": "x"}, 21211),
        ({"to": "+15005550001", "body": "x"}, 21211),
        ({"to": "+15005550002", "body": "x"}, 21612),
        ({"to": "+15005550003", "body": "x"}, 21408),
        ({"to": "+15005550004", "body": "x"}, 21610),
        ({"to": "+15005550009", "body": "x"}, 21614),
        ({"to": CLIENT}, 21602),
        ({"to": CLIENT, "body": "x" * 1601}, 21617),
        ({"to": FIRM, "body": "x"}, 21266),
        ({"to": CLIENT, "body": "x", "from_": "+15550177"}, 21606),
        ({"to": CLIENT, "body": "x", "from_": ""}, 21603),
        ({"to": "", "body": "x"}, 21604),
        ({"to": CLIENT, "body": "x", "status_callback": "not a url"}, 21609),
        ({"to": CLIENT, "body": "x", "messaging_service_sid": "MG1", "from_": ""}, 21701),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_code(
    stage: Stage, given: dict[str, str], code: int
) -> None:
    asked: dict[str, Any] = {"from_": FIRM, **given}
    assert refused(lambda: stage.sdk.messages.create(**asked)) == (400, code)
    assert stage.state()["messages"] == []


def test_a_stop_blocks_the_pair_until_a_start(stage: Stage) -> None:
    stage.act("texts", **{"from": CLIENT, "body": " Stop "})
    told = stage.hub.wait_for(1)[0]
    assert (told["Body"], told["From"], told["To"]) == (" Stop ", CLIENT, FIRM)
    assert refused(lambda: stage.text("More")) == (400, 21610)
    stage.text("To another", to="+15550143")
    stage.act("texts", **{"from": CLIENT, "body": "stop please"})
    stage.act("texts", **{"from": CLIENT, "body": "UNSTOP"})
    assert stage.text("Again").status == "queued"
    replies = [m for m in stage.state()["messages"] if m["direction"] == "outbound-reply"]
    assert len(replies) == 2


def test_more_than_one_word_is_an_ordinary_message_to_the_carrier(stage: Stage) -> None:
    stage.act("texts", **{"from": CLIENT, "body": "Stop it please"})
    assert stage.text("Still here").status == "queued"


def test_a_phone_that_is_off_makes_the_message_undelivered(stage: Stage) -> None:
    stage.act("phones", number=CLIENT, error_code=30003)
    sent = stage.text("Hello", status_callback=stage.hub.url)
    stage.clock.pass_(seconds=5)
    found = stage.sdk.messages(sent.sid).fetch()
    assert (found.status, found.error_code) == ("undelivered", 30003)
    assert stage.hub.wait_for(3)[-1]["MessageSid"] == sent.sid
    assert "30003" in {one.get("ErrorCode") for one in stage.hub.wait_for(3)}


def test_a_list_is_newest_first_and_its_pages_are_followed(stage: Stage) -> None:
    for number in range(7):
        stage.text(f"No. {number}")
        stage.clock.pass_(seconds=60)
    listed = stage.sdk.messages.list(page_size=3)
    assert [one.body for one in listed] == [f"No. {n}" for n in range(6, -1, -1)]
    status, first = stage.send("GET", f"{stage.home}/Messages.json?PageSize=3&To=%2B15550142")
    assert status == 200
    assert "To=%2B15550142" in first["next_page_uri"]
    status, second = stage.send("GET", first["next_page_uri"])
    assert [one["body"] for one in second["messages"]] == ["No. 3", "No. 2", "No. 1"]
    status, back = stage.send("GET", second["previous_page_uri"])
    assert back["messages"] == first["messages"]
    assert stage.send("GET", f"{stage.home}/Messages.json?Page=2")[0] == 400


def test_filters_are_by_number_and_by_day_in_utc(stage: Stage) -> None:
    stage.clock.moment = datetime(2026, 11, 1, 23, 59, tzinfo=UTC)
    stage.text("Sunday")
    stage.clock.pass_(minutes=2)
    stage.text("Monday", to="+15550143")
    stage.clock.pass_(minutes=2)

    def bodies(**wanted: Any) -> set[str]:
        return {one.body for one in stage.sdk.messages.list(**wanted)}

    assert bodies(to=CLIENT) == {"Sunday"}
    assert bodies(date_sent=date(2026, 11, 1)) == set()  # sent as the clock stood, two minutes on
    assert bodies(date_sent=date(2026, 11, 2)) == {"Sunday", "Monday"}
    assert bodies(date_sent_before=date(2026, 11, 1)) == set()
    assert bodies(date_sent_after=date(2026, 11, 2), from_=FIRM) == {"Sunday", "Monday"}
    assert bodies(date_sent_after=datetime(2026, 11, 2, 0, 2, tzinfo=UTC)) == {"Monday"}


def test_a_message_that_has_not_left_yet_has_no_date_to_be_found_by(stage: Stage) -> None:
    stage.text("Hello")
    assert stage.sdk.messages.list(date_sent_after=date(2026, 11, 1)) == []
    assert len(stage.sdk.messages.list(to=CLIENT)) == 1


def test_a_scheduled_message_is_canceled_and_never_leaves(stage: Stage) -> None:
    sent = stage.sdk.messages.create(
        to=CLIENT,
        messaging_service_sid=stage.box.account.messaging_service_sid,
        body="Later",
        schedule_type="fixed",
        send_at=stage.clock.moment + timedelta(hours=1),
    )
    assert (sent.status, sent.from_) == ("scheduled", None)
    assert stage.sdk.messages(sent.sid).update(status="canceled").status == "canceled"
    stage.clock.pass_(hours=2)
    assert stage.sdk.messages(sent.sid).fetch().status == "canceled"
    assert refused(lambda: stage.sdk.messages(sent.sid).update(status="canceled")) == (400, 20009)


def test_a_message_is_redacted_and_deleted_once_it_is_over(stage: Stage) -> None:
    sent = stage.text("Secret")
    assert refused(lambda: stage.sdk.messages(sent.sid).update(body="")) == (400, 20009)
    assert refused(lambda: stage.sdk.messages(sent.sid).delete()) == (400, 20009)
    stage.clock.pass_(seconds=5)
    assert stage.sdk.messages(sent.sid).update(body="").body == ""
    assert stage.sdk.messages(sent.sid).delete()
    assert refused(lambda: stage.sdk.messages(sent.sid).fetch()) == (404, 20404)


def test_pictures_make_an_mms_and_are_told_to_the_hub(stage: Stage) -> None:
    sent = stage.sdk.messages.create(
        to=CLIENT, from_=FIRM, media_url=["https://harbour.example/a.jpg"]
    )
    assert sent.sid.startswith("MM")
    assert sent.num_media == "1"
    stage.act("texts", **{"from": CLIENT, "body": "", "pictures": 2})
    told = stage.hub.wait_for(1)[0]
    assert (told["NumMedia"], "MediaUrl1" in told) == ("2", True)
