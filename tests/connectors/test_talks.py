"""Recorded conversations are played: each request, the number of them, and what they come to."""

import pytest

from connectors.subjects import SUBJECTS
from tricord.app.suite.playing import differences
from tricord.app.suite.subject import Recorded, Subject

TALKS = {
    f"{name}: {recorded.name}": (subject, recorded)
    for name, subject in SUBJECTS.items()
    for recorded in subject.talks
}


@pytest.mark.parametrize(("subject", "recorded"), TALKS.values(), ids=TALKS)
def test_a_talk_goes_as_recorded(subject: Subject, recorded: Recorded) -> None:
    assert differences(subject, recorded) == []


def test_no_two_talks_of_a_connector_have_one_name() -> None:
    assert len(TALKS) == sum(len(subject.talks) for subject in SUBJECTS.values())
