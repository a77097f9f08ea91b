"""Troubles: what goes wrong between Tricord and its vendors, told as cases. Pure words."""

from datetime import timedelta

from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import VERBS, Command, CreateInvoice, because
from tricord.core.ids import AccountId, ConnectionName, Instant, Kind, Ref
from tricord.core.money import Money
from tricord.core.policy.types import Policy


def parked(policy: Policy, delivery: int, size: int, name: ConnectionName, problem: str) -> Case:
    """A delivery that cannot be read and was set aside whole. `size` in bytes."""
    return Case(
        key=f"parked/{delivery}",
        kind="parked",
        title=f"A message from {name} could not be read: {problem}",
        owner=policy.owners.default,
        because=because("absorb", policy.version, delivery=delivery),
        where=name,
        next_actions=(
            "Look at the stored message; correct the record at the vendor if it is wrong",
            f"Read it again after an upgrade: tricord reread {delivery}",
        ),
        evidence=(f"delivery {delivery}, {size} bytes, kept whole",),
    )


def unreadable(policy: Policy, ref: Ref, problem: str) -> Case:
    """A record that a vendor says has changed and that cannot be read."""
    return Case(
        key=f"unreadable/{ref}",
        kind="unreadable",
        title=f"{ref} cannot be read: {problem}",
        owner=policy.owners.default,
        because=because("read", policy.version, record=ref),
        where=ref.connection,
        next_actions=("Look at the record at the vendor; the next change is read again",),
    )


def silent(policy: Policy, name: ConnectionName, problem: str) -> Case:
    """A connection whose polls keep failing: what it says is not heard."""
    return Case(
        key=f"poll/{name}",
        kind="silent",
        title=f"{name} cannot be asked what changed: {problem}",
        owner=policy.owners.default,
        because=because("poll", policy.version, connection=name),
        where=name,
        next_actions=("Nothing, if the vendor is down: polling goes on by itself",),
    )


def undecided(policy: Policy, account: AccountId, error: str) -> Case:
    """An account that the rules could not be asked about."""
    return Case(
        key=f"undecided/{account}",
        kind="defect",
        title=f"This account could not be decided: the program broke ({error})",
        owner=policy.owners.default,
        because=because("decide", policy.version, account=account),
        account=account,
        next_actions=("Report this; nothing is done for this account until it is solved",),
    )


def stranded(policy: Policy, name: ConnectionName, waiting: int) -> Case:
    """A connection that is gone from the policy while work waits for it."""
    return Case(
        key=f"stranded/{name}",
        kind="stranded",
        title=f"{waiting} commands wait for {name}, which is not in the policy any more",
        owner=policy.owners.default,
        because=because("connections", policy.version, connection=name),
        where=name,
        next_actions=(
            f"Put the connection {name!r} back into tricord.yaml and start again",
            "Or give each up with a reason: tricord skip KEY --reason ...",
        ),
    )


def incomplete_import(
    policy: Policy, name: ConnectionName, kind: Kind, problem: str, command: str
) -> Case:
    """An import that has ended, though what is here is not what the vendor has."""
    return Case(
        key=f"incomplete_import/{name}/{kind}",
        kind="incomplete_import",
        title=f"The import of {name} is not complete: {problem}",
        owner=policy.owners.default,
        because=because("import", policy.version, connection=name, kind=kind),
        where=name,
        next_actions=(
            f"Read it again: {command}",
            "Or go live all the same: tricord go-live --accept-difference REASON",
        ),
    )


def access_lost(policy: Policy, name: ConnectionName, title: str, problem: str) -> Case:
    """A vendor that takes our credentials no more; one case, however much waits for it."""
    return Case(
        key=f"access/{name}",
        kind="access_lost",
        title=f"{title} no longer accepts our credentials",
        owner=policy.owners.default,
        because=because("access", policy.version, connection=name),
        where=name,
        next_actions=(f"Renew the credentials of connection {name!r}, then run tricord check",),
        evidence=(problem,),
    )


def down(
    policy: Policy,
    name: ConnectionName,
    since: Instant,
    problem: str,
    waiting: int,
    at_stake: Money | None,
) -> Case:
    """A vendor that does not answer, with what waits for it and the invoices' money in that."""
    clock = since.astimezone(policy.firm.zone)
    return Case(
        key=f"down/{name}",
        kind="down",
        title=f"{name} has not answered since {clock:%H:%M}; {waiting} commands wait for it",
        owner=policy.owners.default,
        because=because("breaker", policy.version, connection=name),
        where=name,
        money=at_stake,
        next_actions=(
            "Nothing, if the vendor says that it is down: all goes on by itself, in order",
            "Look at the vendor's status page and at this machine's network",
        ),
        evidence=(problem,),
    )


def limited(policy: Policy, name: ConnectionName, since: Instant, problem: str) -> Case:
    """A vendor that has been slowing us down for so long that work is late."""
    clock = since.astimezone(policy.firm.zone)
    return Case(
        key=f"limited/{name}",
        kind="limited",
        title=f"{name} has been limiting us since {clock:%H:%M}; work there is late",
        owner=policy.owners.default,
        because=because("breaker", policy.version, connection=name),
        where=name,
        next_actions=(
            "See what else uses this account's quota at the vendor",
            "Ask the vendor for a higher limit",
        ),
        evidence=(problem,),
    )


def lapsed(policy: Policy, name: ConnectionName, problem: str) -> Case:
    """A vendor that does not send us webhooks any more, by its own account."""
    return Case(
        key=f"lapsed/{name}",
        kind="lapsed",
        title=f"{name} does not send us webhooks: {problem}",
        owner=policy.owners.default,
        because=because("lease", policy.version, connection=name),
        where=name,
        next_actions=(
            f"Make or enable the webhook at the vendor, pointing to /hooks/{name}",
            "Meanwhile polls find everything, only later",
        ),
        evidence=(problem,),
    )


def unheard(policy: Policy, name: ConnectionName, since: Instant) -> Case:
    """A vendor whose changes we find by asking, and of which no webhook tells."""
    clock = since.astimezone(policy.firm.zone)
    return Case(
        key=f"unheard/{name}",
        kind="unheard",
        title=f"{name} has had news since {clock:%d %b %H:%M} that no webhook told of",
        owner=policy.owners.default,
        because=because("lease", policy.version, connection=name),
        where=name,
        next_actions=(
            f"See whether the webhook at the vendor is on and points to /hooks/{name}",
            "See whether this server can be reached from outside",
            "Meanwhile polls find everything, only later",
        ),
    )


def quiet(policy: Policy, name: ConnectionName, since: Instant, usual: timedelta) -> Case:
    """A vendor that has fallen silent, measured by its own rhythm."""
    clock = since.astimezone(policy.firm.zone)
    hours = max(1, round(usual.total_seconds() / 3600))
    return Case(
        key=f"quiet/{name}",
        kind="quiet",
        title=f"Nothing has come from {name} since {clock:%d %b %H:%M}; "
        f"its longest silence before was {hours} h",
        owner=policy.owners.default,
        because=because("rhythm", policy.version, connection=name, longest_hours=hours),
        where=name,
        next_actions=(
            "See at the vendor whether anything has happened there since",
            f"See whether its webhook is on and points to /hooks/{name}",
        ),
    )


def approval(account: Account, command: CreateInvoice) -> Case:
    """An invoice that waits for the person whom the policy names."""
    return Case(
        key=f"approval/{command.key}",
        kind="approval",
        title=f"An invoice over {command.total} for {account.name} waits for approval",
        owner=command.approval,
        because=command.because,
        account=account.id,
        money=command.total,
        next_actions=(f"tricord approve {command.key}",),
    )


def cannot(policy: Policy, account: Account, command: Command) -> Case:
    """A command that its connection has no verb for, or whose connection there is not."""
    return Case(
        key=f"cannot/{command.key}",
        kind="cannot",
        title=f"{command.connection} cannot do {VERBS[type(command)]}, "
        f"which is needed for {account.name}",
        owner=policy.owners.default,
        because=command.because,
        account=account.id,
        money=_money(command),
        next_actions=("Give the role to a connection that can, and run tricord check",),
        where=command.connection,
    )


def refused(policy: Policy, account: Account, command: Command, problem: str) -> Case:
    """The vendor will never do this as it was asked."""
    return _of_command(
        "refused",
        policy,
        account,
        command,
        problem,
        title=f"{command.connection} refused to {_verb(command)} for {account.name}",
        next_actions=(
            f"Correct what it names at the vendor, then: tricord retry {command.key}",
            f"Or correct what was asked: tricord edit {command.key} FIELD=VALUE",
            f"Or give it up with a reason: tricord skip {command.key} --reason ...",
        ),
    )


def failing(
    policy: Policy, account: Account, command: Command, problem: str, attempts: int
) -> Case:
    """A command that has failed several times and is tried again by itself."""
    return _of_command(
        "failing",
        policy,
        account,
        command,
        problem,
        title=f"{command.connection} has failed {attempts} times to {_verb(command)} "
        f"for {account.name}",
        next_actions=("Nothing: it is tried again by itself, ever more slowly",),
    )


def unknown(policy: Policy, account: Account, command: Command, problem: str) -> Case:
    """A command that may have been done, at a vendor that cannot tell."""
    return _of_command(
        "unknown",
        policy,
        account,
        command,
        problem,
        title=f"It is not known whether {command.connection} did {_verb(command)} "
        f"for {account.name}",
        next_actions=(
            "Ask the recipient, or look at the vendor, whether it arrived",
            f"If it did not: tricord retry {command.key}",
            f"If it did: tricord skip {command.key} --reason arrived",
        ),
    )


def engine_dead(policy: Policy) -> Case:
    """No engine has shown itself for a while, although something is due."""
    return Case(
        key="engine_dead",
        kind="engine_dead",
        title="No engine works, and work waits",
        owner=policy.owners.default,
        because=because("watch", policy.version),
        next_actions=("Start it: tricord up", "Look at its log, and at the machine's disk"),
    )


def alert_failing(policy: Policy, name: ConnectionName, problem: str) -> Case:
    """A destination that takes no alerts. Others are told in its place."""
    return Case(
        key=f"alert_failing/{name}",
        kind="alert_failing",
        title=f"Alerts do not get through to {name}",
        owner=policy.owners.default,
        because=because("watch", policy.version, connection=name),
        next_actions=(
            f"Mend the settings of connection {name!r}, then run tricord check",
            "Prove it: tricord selftest",
        ),
        evidence=(problem,),
        where=name,
    )


def _of_command(
    kind: str,
    policy: Policy,
    account: Account,
    command: Command,
    problem: str,
    *,
    title: str,
    next_actions: tuple[str, ...],
) -> Case:
    owners = policy.owners
    return Case(
        key=f"{kind}/{command.key}",
        kind=kind,
        title=title,
        owner=owners.billing if isinstance(command, CreateInvoice) else owners.default,
        because=command.because,
        account=account.id,
        money=_money(command),
        next_actions=next_actions,
        evidence=(problem,),
        where=command.connection,
    )


def _verb(command: Command) -> str:
    return VERBS[type(command)].replace("_", " ")


def _money(command: Command) -> Money | None:
    return command.total if isinstance(command, CreateInvoice) else None
