"""Teams, declared: a Workflows webhook. Its address carries its own signature and is the secret."""

from tricord.connectors.teams.act import tell
from tricord.core.records import Record
from tricord.sdk.connector import Access, Connector, Limits, Notice, Once, Setting
from tricord.sdk.errors import AccessLost, PayloadMalformed, TricordError
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Reading, Response, error_of, get

# Azure Logic Apps' codes for a flow that is not there, is switched off, or has another signature.
_GONE = frozenset(
    {
        "DirectApiAuthorizationRequired", "DirectApiInvalidAuthorizationScheme", "WorkflowDisabled",
        "WorkflowNotFound", "WorkflowTriggerIsNotEnabled", "WorkflowTriggerNotFound",
    }
)  # fmt: skip


def _probe(access: Access) -> Reading:
    """A GET, which no flow starts at: a flow that is gone says so even then."""
    answer = yield get("", expected=(200, 202, 400, 404, 405))
    if _code(answer) in _GONE:
        raise _explain(answer, f"{access.connection}: the probe")
    nothing: tuple[Record, ...] = ()
    return nothing


def _explain(response: Response, detail: str) -> TricordError:
    code = _code(response)
    if code in _GONE:
        return AccessLost(f"{detail}: HTTP {response.status} {code}")
    return error_of(response, detail)


def _code(response: Response) -> str:
    try:
        return Reader.of(response.body).child_or_empty("error").text_or("code")
    except PayloadMalformed:
        return ""


CONNECTOR = Connector(
    name="teams",
    title="Microsoft Teams",
    base_url="",
    settings=(
        Setting(
            name="webhook_url",
            label="Workflow address",
            help="Teams > the channel > Workflows > Post to a channel when a webhook request is "
            "received > the address at the end",
            pattern=r"https://[^/]+\.(logic\.azure\.com|api\.powerplatform\.com)(:443)?/.+",
        ),
    ),
    limits=Limits(at_once=1, per_second=1.0, burst=4),
    verbs={},
    headers=lambda access: (),
    explain=_explain,
    probe=_probe,
    notice=Notice(once=Once.NEVER, tell=tell),
    address="webhook_url",
    hosts=("*.logic.azure.com", "*.environment.api.powerplatform.com"),
)
