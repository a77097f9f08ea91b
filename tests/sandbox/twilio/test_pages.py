"""The clients' phones as a person uses them in a browser: forms in, pages out."""

import urllib.parse
import urllib.request

from sandbox.twilio.conftest import CLIENT, Stage


def page(stage: Stage, path: str) -> str:
    with urllib.request.urlopen(stage.url + path, timeout=5) as answer:
        return str(answer.read().decode())


def post(stage: Stage, path: str, **fields: str) -> tuple[str, str]:
    """Where the form led to, and what is there."""
    named = {name.rstrip("_"): value for name, value in fields.items()}
    body = urllib.parse.urlencode(named).encode()
    with urllib.request.urlopen(stage.url + path, data=body, timeout=5) as answer:
        return answer.url.removeprefix(stage.url), answer.read().decode()


def test_a_client_texts_and_stays_on_their_phone(stage: Stage) -> None:
    assert "Nobody has texted" in page(stage, "/")
    place, shown = post(stage, "/_sandbox/texts", from_=CLIENT, body="Is it due?")
    assert place == "/phones/%2B15550142"
    assert "Is it due?" in shown
    assert "Is it due?" in page(stage, "/")
    assert stage.hub.wait_for(1)[0]["Body"] == "Is it due?"


def test_a_stop_shows_and_the_answer_to_it_too(stage: Stage) -> None:
    _, shown = post(stage, "/_sandbox/texts", from_=CLIENT, body="STOP")
    assert "opted out" in shown
    assert "Reply START" in shown


def test_calls_stand_between_the_messages(stage: Stage) -> None:
    post(stage, "/_sandbox/calls", from_=CLIENT, outcome="answered", seconds="75")
    post(stage, "/_sandbox/calls", from_=CLIENT, outcome="voicemail", seconds="9")
    _, shown = post(stage, "/_sandbox/calls", from_=CLIENT, outcome="missed")
    assert "1:15" in shown
    assert "Voicemail" in shown
    assert "Missed call" in shown


def test_a_problem_is_shown_where_it_happened(stage: Stage) -> None:
    place, shown = post(stage, "/_sandbox/texts", from_="nobody", body="x")
    assert place.startswith("/?problem=")
    assert "nobody is not a phone number" in shown


def test_what_a_client_writes_is_shown_as_text(stage: Stage) -> None:
    _, shown = post(stage, "/_sandbox/texts", from_=CLIENT, body="<script>alert(1)</script>")
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
