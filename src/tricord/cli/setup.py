"""Setting up: a home to start from, and a check of what it says and whether vendors agree."""

import asyncio
from typing import Any

import click

from tricord.app.checking import Finding, check_connections, role_problems
from tricord.app.connecting import connections_of
from tricord.app.declarations import PolicyInvalid
from tricord.app.demo import STARTER
from tricord.app.home import Home
from tricord.app.policy_schema import schema_text
from tricord.cli.asking import Found, as_json, in_home, print_json

_SECRETS = """\
# Values of the ${NAMES} in tricord.yaml, one NAME=value on each line. Keep this file private.
# HUBSPOT_TOKEN=
# HUBSPOT_WEBHOOK_SECRET=
# STRIPE_API_KEY=
# STRIPE_WEBHOOK_SECRET=
# SMTP_URL=smtp://user:password@mail.example:587
# TWILIO_SID=
# TWILIO_TOKEN=
# SLACK_WEBHOOK_URL=https://hooks.slack.com/services/...
"""


@click.command
@in_home
def init(home: Home) -> None:
    """Make a home: a key, a policy to edit, a place for secrets. Overwrites nothing."""
    home.make()
    written = []
    for path, text, mode in (
        (home.policy_path, STARTER.read_text(), 0o644),
        (home.path / "tricord.schema.json", schema_text(), 0o644),
        (home.secrets_path, _SECRETS, 0o600),
    ):
        if not path.exists():
            path.touch(mode=mode)
            path.write_text(text)
            written.append(path.name)
    click.echo(f"The home is {home.path}" + (f"; new: {', '.join(written)}" if written else ""))
    click.echo("1. Edit tricord.yaml: your connections, stages, billing plans.")
    click.echo("2. Put the credentials into secrets.env (or the environment).")
    click.echo("3. Keep a copy of firm.key in a safe place: without it the data cannot be read.")
    click.echo("4. tricord check; then tricord backfill and tricord go-live, or tricord up alone.")


@click.command
@in_home
@as_json
@click.option("--offline", is_flag=True, help="The file alone: no credentials, no network.")
def check(home: Home, json_wanted: bool, offline: bool) -> int:
    """Check the policy, then each connection's credentials by a harmless call."""
    try:
        loaded = home.load(offline=offline)
    except PolicyInvalid as error:
        if json_wanted:
            print_json({"ok": False, "problems": [_plain(p) for p in error.problems]})
            return 1
        raise Found(str(error)) from error
    connections = connections_of(loaded) if not offline else []
    findings = role_problems(loaded) + asyncio.run(
        check_connections(connections, loaded.policy, home.allowed_ranges())
    )
    ok = all(finding.ok for finding in findings)
    if json_wanted:
        print_json(
            {
                "ok": ok,
                "policy": loaded.policy.version,
                "problems": [],
                "remarks": list(loaded.remarks),
                "not_active_yet": list(loaded.policy.inactive),
                "connections": [finding.as_json() for finding in findings],
            }
        )
        return 0 if ok else 1
    click.echo(f"tricord.yaml is good (policy {loaded.policy.version})")
    for line in loaded.policy.inactive:
        click.echo(f"  not active yet: {line}")
    for line in loaded.remarks:
        click.echo(f"  note: {line}")
    for finding in findings:
        click.echo(f"  {_word(finding)}")
    return 0 if ok else 1


def _word(finding: Finding) -> str:
    return f"{finding.connection}: {'good' if finding.ok else 'PROBLEM'}, {finding.words}"


def _plain(problem: Any) -> dict[str, Any]:
    names = ("file", "line", "column", "path", "message", "hint")
    return {name: getattr(problem, name) for name in names}
