"""A role goes to a connection that can do it: texts and e-mails are not the same."""

import pytest

from app.policies import EXAMPLE, VARIABLES
from tricord.app.checking import role_problems
from tricord.app.policy_file import load_policy
from tricord.app.registry import shapes


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ("email: mail, sms: phone", []),
        ("email: phone, sms: phone", ["it cannot send e-mails, so it cannot be roles.email"]),
        ("email: mail, sms: mail", ["it cannot send text messages, so it cannot be roles.sms"]),
        ("email: mail, sms: stripe", ["it cannot send message, so it cannot be roles.sms"]),
    ],
)
def test_texts_and_mails_leave_by_a_connection_for_them(roles: str, words: list[str]) -> None:
    text = EXAMPLE.replace("email: mail, sms: phone", roles)
    loaded = load_policy(text, connectors=shapes(), variables=VARIABLES)
    assert [finding.words for finding in role_problems(loaded)] == words
