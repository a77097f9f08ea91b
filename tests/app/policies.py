"""The example policy, and what it takes to load one in a test."""

from collections.abc import Mapping
from pathlib import Path

from tricord.app.declarations import ConnectorShape, Loaded, PolicyInvalid, Problem
from tricord.app.policy_file import load_policy

FOLDER = Path(__file__).parents[2] / "examples" / "agency"
EXAMPLE = (FOLDER / "tricord.yaml").read_text(encoding="utf-8")
CONNECTORS = {
    "hubspot": ConnectorShape(frozenset({"token"}), frozenset({"webhook_secret"})),
    "stripe": ConnectorShape(frozenset({"api_key"}), frozenset({"webhook_secret"})),
    "slack": ConnectorShape(frozenset({"webhook_url"}), secret=frozenset({"webhook_url"})),
    "smtp": ConnectorShape(frozenset({"url", "sender"}), secret=frozenset({"url"})),
    "twilio": ConnectorShape(
        frozenset({"account_sid", "auth_token", "sender"}), secret=frozenset({"auth_token"})
    ),
}
VARIABLES = {
    "HUBSPOT_TOKEN": "pat-hidden-1",
    "HUBSPOT_WEBHOOK_SECRET": "hook-hidden-2",
    "STRIPE_API_KEY": "sk-hidden-3",
    "STRIPE_WEBHOOK_SECRET": "whsec-hidden-4",
    "SMTP_URL": "smtp://user:hidden-5@mail.example",
    "TWILIO_SID": "AC-6",
    "TWILIO_TOKEN": "token-hidden-7",
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/B/hidden-6",
}
SMALL = """\
tricord: 1
firm: {name: Acme, currency: USD, time_zone: Europe/Berlin, go_live: 2026-03-01}
connections:
  hubspot: {connector: hubspot, token: ${HUBSPOT_TOKEN}}
  stripe: {connector: stripe, api_key: ${STRIPE_API_KEY}}
roles: {crm: hubspot, billing: stripe}
crm:
  milestones: {won: signed, 12345: done}
  fields: {deal.service_type: service_type}
billing:
  plans:
    - id: project
      when: deal.service_type == "project"
      terms: net 14
      installments:
        - {id: deposit, at: signed, bill: 30%}
        - {id: final, at: done, bill: balance}
owners: {default: role:operations}
"""


def load(text: str, *, variables: Mapping[str, str] = VARIABLES, offline: bool = False) -> Loaded:
    return load_policy(text, connectors=CONNECTORS, variables=variables, offline=offline)


def problems(
    text: str, *, variables: Mapping[str, str] = VARIABLES, offline: bool = False
) -> tuple[Problem, ...]:
    """What is wrong with `text`; none when it loads."""
    try:
        load(text, variables=variables, offline=offline)
    except PolicyInvalid as invalid:
        return invalid.problems
    return ()


def changed(old: str, new: str, text: str = SMALL) -> str:
    """`text` with one passage replaced, which must be there exactly once."""
    assert text.count(old) == 1, old
    return text.replace(old, new)
