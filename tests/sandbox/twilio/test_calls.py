"""Calls and recordings, as Twilio's own SDK makes and lists them, and as clients make them."""

import io
import wave
from datetime import date
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from sandbox.twilio.conftest import CLIENT, FIRM, Stage

TWIML = "<Response><Say>Hello</Say></Response>"


def call(stage: Stage, **more: Any) -> Any:
    return stage.sdk.calls.create(to=CLIENT, from_=FIRM, twiml=TWIML, **more)


def test_a_call_rings_is_answered_and_ends(stage: Stage) -> None:
    made = call(
        stage,
        status_callback=stage.hub.url,
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    assert (made.status, made.duration, made.direction) == ("queued", None, "outbound-api")
    stage.clock.pass_(seconds=0.1)
    assert stage.sdk.calls(made.sid).fetch().status == "ringing"
    stage.clock.pass_(seconds=0.1)
    assert stage.sdk.calls(made.sid).fetch().status == "in-progress"
    stage.clock.pass_(seconds=10)
    over = stage.sdk.calls(made.sid).fetch()
    assert (over.status, over.duration) == ("completed", "5")
    told = stage.hub.wait_for(4)
    assert {one["CallStatus"] for one in told} == {
        "queued",
        "ringing",
        "in-progress",
        "completed",
    }


def test_only_the_end_is_told_where_nothing_else_is_asked_for(stage: Stage) -> None:
    call(stage, status_callback=stage.hub.url)
    stage.clock.pass_(seconds=0.3)
    stage.state()
    stage.clock.pass_(seconds=10)
    stage.state()
    (told,) = stage.hub.wait_for(1)
    assert (told["CallStatus"], told["CallDuration"]) == ("completed", "5")


@pytest.mark.parametrize("answers", ["busy", "no-answer", "failed"])
def test_a_phone_may_not_answer(stage: Stage, answers: str) -> None:
    stage.act("phones", number=CLIENT, answers=answers)
    made = call(stage)
    stage.clock.pass_(seconds=10)
    over = stage.sdk.calls(made.sid).fetch()
    assert (over.status, over.duration) == (answers, None)
    assert [one.sid for one in stage.sdk.calls.list(status=answers)] == [made.sid]


def test_a_call_is_recorded_where_asked_and_the_recording_can_be_heard(stage: Stage) -> None:
    made = call(stage, record=True, recording_status_callback=stage.hub.url)
    stage.clock.pass_(seconds=10)
    (recording,) = stage.sdk.calls(made.sid).recordings.list()
    assert (recording.source, recording.duration) == ("OutboundAPI", "5")
    (told,) = stage.hub.wait_for(1)
    assert told["RecordingSid"] == recording.sid
    status, sound = stage.send("GET", f"{stage.home}/Recordings/{recording.sid}.wav")
    assert status == 200
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getnframes() / file.getframerate() == 5
    assert stage.send("GET", recording.uri.replace(".json", ".wav"), Authorization="")[0] == 401
    assert stage.sdk.recordings(recording.sid).delete()
    assert stage.sdk.recordings.list(call_sid=made.sid) == []
    (kept,) = stage.sdk.recordings.list(include_soft_deleted=True)
    assert kept.status == "deleted"


def test_a_call_is_given_up_and_one_that_is_over_is_not(stage: Stage) -> None:
    made = call(stage)
    assert stage.sdk.calls(made.sid).update(status="canceled").status == "canceled"
    with pytest.raises(TwilioRestException) as caught:
        stage.sdk.calls(made.sid).update(status="completed")
    assert caught.value.code == 21220
    assert stage.sdk.calls(made.sid).delete()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"to": "123"}, 21211),
        ({"from_": "+15550177"}, 21210),
        ({"twiml": ""}, 21205),
        ({"status_callback": "nowhere"}, 21205),
    ],
)
def test_what_twilio_refuses_is_refused(stage: Stage, changed: dict[str, str], code: int) -> None:
    given: Any = {"to": CLIENT, "from_": FIRM, "twiml": TWIML, **changed}
    with pytest.raises(TwilioRestException) as caught:
        stage.sdk.calls.create(**given)
    assert (caught.value.status, caught.value.code) == (400, code)


@pytest.mark.parametrize(
    ("outcome", "first", "second", "recorded"),
    [
        ("answered", "completed", "completed", 0),
        ("missed", "completed", "no-answer", 0),
        ("voicemail", "completed", "no-answer", 1),
        ("hung_up", "no-answer", None, 0),
    ],
)
def test_a_client_calls_and_the_legs_tell_how_it_went(
    stage: Stage, outcome: str, first: str, second: str | None, recorded: int
) -> None:
    made = stage.act("calls", **{"from": CLIENT, "outcome": outcome, "seconds": 30})
    assert (made["status"], made["direction"]) == (first, "inbound")
    legs = stage.sdk.calls.list(parent_call_sid=made["sid"])
    assert [leg.status for leg in legs] == ([second] if second else [])
    assert len(stage.sdk.recordings.list(call_sid=made["sid"])) == recorded
    told = stage.hub.wait_for(1 + recorded)
    assert first in {one.get("CallStatus") for one in told}


def test_calls_are_listed_by_the_day_they_began(stage: Stage) -> None:
    stage.act("calls", **{"from": CLIENT, "outcome": "hung_up"})
    day = date(2026, 11, 2)
    assert len(stage.sdk.calls.list(start_time=day)) == 1
    assert len(stage.sdk.calls.list(start_time_after=day)) == 1
    assert stage.sdk.calls.list(start_time_before=day) == []
