"""Kinds of cases: how grave each is, what a person can do about it, and how it is told in general.

The words here name no client, so that they may leave by any channel.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tricord.core.alerts import Severity


class Action(StrEnum):
    """What a person can do about a case, as `tricord` and the console offer it."""

    APPROVE = "approve"
    EDIT = "edit"
    RETRY = "retry"
    SKIP = "skip"
    REREAD = "reread"
    CHECK = "check"
    ASSIGN = "assign"
    SNOOZE = "snooze"
    RESOLVE = "resolve"


ACTION_WORDS = {
    Action.APPROVE: "Let it leave",
    Action.EDIT: "Correct it and try again",
    Action.RETRY: "Try again",
    Action.SKIP: "Give it up, with a reason",
    Action.REREAD: "Read it again",
    Action.CHECK: "Check the connection",
    Action.ASSIGN: "Give it to somebody",
    Action.SNOOZE: "Put it off",
    Action.RESOLVE: "Close it, with a reason",
}
_ALWAYS = (Action.ASSIGN, Action.SNOOZE, Action.RESOLVE)

DUE = {
    Severity.CRITICAL: timedelta(hours=1),
    Severity.ERROR: timedelta(hours=8),
    Severity.WARNING: timedelta(days=1),
    Severity.INFO: timedelta(days=3),
}
"""How long a case may stay open before it is overdue, where the policy does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseKind:
    """`one` and `many` tell of it, with `{where}` for a connection and `{count}`; `advice` says
    what to do; `own` are the actions beyond those that every case has."""

    severity: Severity
    one: str
    many: str
    advice: str
    own: tuple[Action, ...] = ()

    @property
    def actions(self) -> tuple[Action, ...]:
        return (*self.own, *_ALWAYS)

    def title(self, where: str, count: int) -> str:
        return (self.one if count == 1 else self.many).format(where=where, count=f"{count:,}")


def kind_of(name: str) -> CaseKind:
    """The kind of this name; an outside rule may use one that is not listed."""
    return KINDS.get(name, _OTHER)


_OTHER = CaseKind(
    severity=Severity.ERROR,
    one="Something needs a person",
    many="{count} things need a person",
    advice="Look at the case",
)

KINDS: dict[str, CaseKind] = {
    "incomplete": CaseKind(
        severity=Severity.ERROR,
        one="A deal cannot be invoiced: something is missing",
        many="{count} deals cannot be invoiced: something is missing",
        advice="Fill in what is missing in the CRM; the invoice follows by itself",
    ),
    "inactive_plan": CaseKind(
        severity=Severity.WARNING,
        one="A deal is on a plan that bills by calendar, which is not active yet",
        many="{count} deals are on a plan that bills by calendar, which is not active yet",
        advice="Bill them by hand",
    ),
    "contract_changed": CaseKind(
        severity=Severity.ERROR,
        one="A deal changed after it was billed",
        many="{count} deals changed after they were billed",
        advice="Keep, void or credit what was billed",
    ),
    "uninvoiced": CaseKind(
        severity=Severity.ERROR,
        one="A deal stands at a billing milestone without an invoice",
        many="{count} deals stand at a billing milestone without an invoice",
        advice="Look at what tricord explain says of the deal",
    ),
    "approval": CaseKind(
        severity=Severity.WARNING,
        one="An invoice waits for approval",
        many="{count} invoices wait for approval",
        advice="Approve it, or give it up with a reason",
        own=(Action.APPROVE, Action.SKIP),
    ),
    "cannot": CaseKind(
        severity=Severity.ERROR,
        one="{where} cannot do what is needed",
        many="{where} cannot do {count} things that are needed",
        advice="Give the role to a connection that can, and run tricord check",
        own=(Action.CHECK,),
    ),
    "stranded": CaseKind(
        severity=Severity.ERROR,
        one="Work waits for {where}, which is not in the policy any more",
        many="Work waits for {where}, which is not in the policy any more",
        advice="Put the connection back, or give each command up with a reason",
    ),
    "refused": CaseKind(
        severity=Severity.ERROR,
        one="{where} refused a command",
        many="{where} refused {count} commands",
        advice="Correct what it names and try again, or give it up with a reason",
        own=(Action.EDIT, Action.RETRY, Action.SKIP),
    ),
    "failing": CaseKind(
        severity=Severity.WARNING,
        one="{where} keeps failing at a command",
        many="{where} keeps failing at {count} commands",
        advice="Nothing, if the vendor is down: it is tried again by itself",
        own=(Action.SKIP,),
    ),
    "unknown": CaseKind(
        severity=Severity.ERROR,
        one="It is not known whether {where} did a command",
        many="It is not known whether {where} did {count} commands",
        advice="Look whether it arrived; then try again, or give it up",
        own=(Action.RETRY, Action.SKIP),
    ),
    "access_lost": CaseKind(
        severity=Severity.CRITICAL,
        one="{where} no longer accepts our credentials",
        many="{where} no longer accepts our credentials",
        advice="Renew the credentials, then run tricord check",
        own=(Action.CHECK,),
    ),
    "silent": CaseKind(
        severity=Severity.ERROR,
        one="{where} cannot be asked what changed",
        many="{where} cannot be asked what changed",
        advice="Nothing, if the vendor is down: polling goes on by itself",
        own=(Action.CHECK,),
    ),
    "down": CaseKind(
        severity=Severity.ERROR,
        one="{where} does not answer; work waits for it",
        many="{where} does not answer; work waits for it",
        advice="Nothing, if the vendor is down: all goes on by itself, in order",
        own=(Action.CHECK,),
    ),
    "limited": CaseKind(
        severity=Severity.WARNING,
        one="{where} limits us; work there is late",
        many="{where} limits us; work there is late",
        advice="See what else uses this account's quota at the vendor",
    ),
    "lapsed": CaseKind(
        severity=Severity.ERROR,
        one="{where} does not send us webhooks any more",
        many="{where} does not send us webhooks any more",
        advice="Make or enable the webhook at the vendor; meanwhile polls find everything, later",
        own=(Action.CHECK,),
    ),
    "unheard": CaseKind(
        severity=Severity.WARNING,
        one="{where} has had news that no webhook told of",
        many="{where} has had news that no webhook told of",
        advice="See whether the webhook is on, and whether this server can be reached",
        own=(Action.CHECK,),
    ),
    "quiet": CaseKind(
        severity=Severity.WARNING,
        one="Nothing has come from {where} for longer than ever before",
        many="Nothing has come from {where} for longer than ever before",
        advice="See at the vendor whether anything has happened there",
        own=(Action.CHECK,),
    ),
    "bounced": CaseKind(
        severity=Severity.ERROR,
        one="A message to a client did not arrive",
        many="{count} messages to clients did not arrive",
        advice="Correct the address in the CRM; what must reach the client, send by hand",
    ),
    "incomplete_import": CaseKind(
        severity=Severity.ERROR,
        one="The import from {where} is not whole",
        many="The import from {where} is not whole",
        advice="See what is missing of it before going live",
    ),
    "identity": CaseKind(
        severity=Severity.WARNING,
        one="A record may be a client that is known, and is not certainly",
        many="{count} records may be clients that are known, and are not certainly",
        advice="Say whether it is: tricord identity accept, or reject",
    ),
    "unreadable": CaseKind(
        severity=Severity.ERROR,
        one="A record of {where} cannot be read",
        many="{count} records of {where} cannot be read",
        advice="Look at the record at the vendor; the next change is read again",
    ),
    "parked": CaseKind(
        severity=Severity.ERROR,
        one="A message from {where} could not be read and was set aside whole",
        many="{count} messages from {where} could not be read and were set aside whole",
        advice="Look at what it names; read it again after an upgrade",
        own=(Action.REREAD,),
    ),
    "defect": CaseKind(
        severity=Severity.CRITICAL,
        one="Deciding a client broke the program; nothing is done for them",
        many="Deciding {count} clients broke the program; nothing is done for them",
        advice="Report this",
    ),
    "engine_dead": CaseKind(
        severity=Severity.CRITICAL,
        one="No engine works, and work waits",
        many="No engine works, and work waits",
        advice="Start it: tricord up; look at its log",
    ),
    "alert_failing": CaseKind(
        severity=Severity.CRITICAL,
        one="Alerts do not get through to {where}",
        many="Alerts do not get through to {where}",
        advice="Mend its settings, then run tricord check and tricord selftest",
        own=(Action.CHECK,),
    ),
}
