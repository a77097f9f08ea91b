"""Checking: does each connection suit its role, and does the vendor accept its credentials?"""

from collections.abc import Sequence
from dataclasses import dataclass

from tricord.app.declarations import Loaded
from tricord.app.registry import all_connectors
from tricord.core.commands import (
    VERBS,
    Command,
    CreateCustomer,
    CreateInvoice,
    LogActivity,
    SendMessage,
    UpdateRecord,
)
from tricord.core.ids import ConnectionName
from tricord.core.policy.types import Policy
from tricord.core.records import Channel
from tricord.engine.addresses import Network
from tricord.engine.connection import Connection
from tricord.engine.talking import hold
from tricord.engine.wire import NetworkSender
from tricord.sdk.errors import TricordError

_NEEDED: dict[str, tuple[type[Command], ...]] = {
    "crm": (UpdateRecord, LogActivity),
    "billing": (CreateCustomer, CreateInvoice),
    "email": (SendMessage,),
    "sms": (SendMessage,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    connection: str
    ok: bool
    words: str

    def as_json(self) -> dict[str, object]:
        return {"connection": self.connection, "ok": self.ok, "words": self.words}


def role_problems(loaded: Loaded) -> list[Finding]:
    """Each role whose connection cannot do what the role needs."""
    used = {one.name: one.connector for one in loaded.connections if one.active}
    roles: dict[str, ConnectionName | None] = {
        "crm": loaded.policy.roles.crm,
        "billing": loaded.policy.roles.billing,
        "email": loaded.policy.roles.email,
        "sms": loaded.policy.roles.sms,
    }
    found = []
    for role, name in roles.items():
        if name is None or name not in used:
            continue
        connector = all_connectors()[used[name]]
        able = connector.verbs
        missing = [VERBS[verb].replace("_", " ") for verb in _NEEDED[role] if verb not in able]
        texts = connector.channel is Channel.SMS
        if not missing and role in ("email", "sms") and texts != (role == "sms"):
            missing = ["send text messages" if role == "sms" else "send e-mails"]
        if missing:
            words = f"it cannot {' or '.join(missing)}, so it cannot be roles.{role}"
            found.append(Finding(connection=name, ok=False, words=words))
    named = [*loaded.policy.roles.alerts, *(n for rule in loaded.policy.alerts for n in rule.to)]
    for name in dict.fromkeys(named):
        if name in used and all_connectors()[used[name]].notice is None:
            words = "it cannot tell alerts, so it cannot stand under alerts"
            found.append(Finding(connection=name, ok=False, words=words))
    return found


async def check_connections(
    connections: Sequence[Connection], policy: Policy, allowed: Sequence[Network] = ()
) -> list[Finding]:
    """Each connection's probe, a harmless call that proves address and credentials; and whether the
    CRM has the fields and stages that the policy names."""
    if not connections:
        return []
    found = []
    async with NetworkSender(allowed=allowed) as sender:
        for connection in connections:
            talk = connection.connector.probe(connection.access)
            try:
                await hold(talk, connection, sender)
            except TricordError as error:
                finding = Finding(connection=connection.name, ok=False, words=error.detail)
            else:
                words = f"{connection.connector.title} accepts the credentials"
                finding = Finding(connection=connection.name, ok=True, words=words)
            found.append(finding)
            if finding.ok and connection.name == policy.roles.crm:
                found.extend(await _named_and_missing(connection, policy, sender))
    return found


async def _named_and_missing(
    connection: Connection, policy: Policy, sender: NetworkSender
) -> list[Finding]:
    discover = connection.connector.schema
    if discover is None:
        return []
    try:
        schema = await hold(discover(connection.access), connection, sender)
    except TricordError as error:
        return [Finding(connection=connection.name, ok=False, words=error.detail)]
    known = ", ".join(sorted(schema.stages))
    words = [
        f"crm.milestones: no pipeline has a stage {stage!r}; there are {known}"
        for stage, _ in policy.milestones
        if stage not in schema.stages
    ]
    words += [
        f"crm.fields: deals have no property {theirs!r} (for {ours}); make it in the CRM"
        for ours, theirs in policy.fields
        if theirs not in schema.fields
    ]
    return [Finding(connection=connection.name, ok=False, words=text) for text in words]
