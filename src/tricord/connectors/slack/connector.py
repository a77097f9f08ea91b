"""Slack, declared: an incoming webhook. Its address is the secret; it only posts."""

from tricord.connectors.slack.act import tell
from tricord.core.records import Record
from tricord.sdk.connector import Access, Connector, Limits, Notice, Once, Setting
from tricord.sdk.errors import AccessLost, TricordError
from tricord.sdk.talk import Reading, Response, error_of, post_json

# The webhook, its app or its channel is gone: only a person with access to Slack can mend that.
_GONE = frozenset(
    {
        "action_prohibited", "channel_is_archived", "channel_not_found", "invalid_token",
        "no_active_hooks", "no_service", "no_service_id", "no_team",
        "posting_to_general_channel_denied", "team_disabled", "token_revoked", "user_not_found",
    }
)  # fmt: skip


def _probe(access: Access) -> Reading:
    """A message without a text: a live webhook says so, a dead one says that it is dead."""
    answer = yield post_json("", {}, writes=False, expected=(200, 400))
    if answer.status == 400 and _code(answer) in _GONE:
        raise _explain(answer, f"{access.connection}: the probe")
    nothing: tuple[Record, ...] = ()
    return nothing


def _explain(response: Response, detail: str) -> TricordError:
    """By the code in the body, which is plain text, else by status."""
    code = _code(response)
    if code in _GONE:
        return AccessLost(f"{detail}: HTTP {response.status} {code}")
    return error_of(response, detail)


def _code(response: Response) -> str:
    return response.body[:100].decode("ascii", "replace").strip()


CONNECTOR = Connector(
    name="slack",
    title="Slack",
    base_url="",
    settings=(
        Setting(
            name="webhook_url",
            label="Incoming webhook",
            help="api.slack.com/apps > the app > Incoming Webhooks > Webhook URL of the channel",
            pattern=r"https://hooks\.slack(-gov)?\.com/.+",
        ),
    ),
    limits=Limits(at_once=1, per_second=1.0, burst=3),
    verbs={},
    headers=lambda access: (),
    explain=_explain,
    probe=_probe,
    notice=Notice(once=Once.NEVER, tell=tell),
    address="webhook_url",
    hosts=("hooks.slack.com", "hooks.slack-gov.com"),
)
