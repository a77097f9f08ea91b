"""Writing to HubSpot. It knows no idempotency keys: every write here is one by a natural key.

A write-back sets properties of a record by its id. An activity is upserted by `tricord_key`, a
unique property of ours, and tied to its records by calls that may be repeated. Properties are
created on first use, because the first refusal is cheaper than a look before each write.
"""

import html
import json
from collections.abc import Generator, Iterable
from typing import assert_never

from tricord.connectors.hubspot import paths
from tricord.connectors.hubspot.errors import explain, missing_property
from tricord.core.commands import ActivityKind, LogActivity, UpdateRecord
from tricord.core.ids import ExternalId, Kind, Ref
from tricord.core.records import Direction
from tricord.sdk.connector import Access, Work
from tricord.sdk.errors import Refused
from tricord.sdk.reader import milliseconds
from tricord.sdk.talk import Done, Request, Response, Talk, Wire, post_json

GROUP = "tricord"
KEY = "tricord_key"
_LONGEST = 65_536
_PLURAL = {
    ActivityKind.NOTE: "notes",
    ActivityKind.EMAIL: "emails",
    ActivityKind.SMS: "communications",
    ActivityKind.CALL: "calls",
}

Step = Generator[Wire, Response, Response]


def update_record(access: Access, command: UpdateRecord, work: Work) -> Talk:
    plural = paths.PLURAL[command.target.kind]
    body = {"properties": dict(command.values)}
    write = post_json(
        paths.one(plural, command.target.external_id),
        body,
        method="PATCH",
        expected=(200, 400, 404),
    )
    answer = yield from _with_properties(write, plural, [name for name, _ in command.values])
    if answer.status == 404:
        raise Refused(f"{command.target} is no longer in HubSpot")
    return Done(remote=command.target)


def log_activity(access: Access, command: LogActivity, work: Work) -> Talk:
    plural = _PLURAL[command.activity]
    values = {**_activity(command), KEY: command.key}
    inputs = [{"id": command.key, "idProperty": KEY, "properties": values}]
    write = post_json(
        paths.objects(plural, "/batch/upsert"),
        {"inputs": inputs},
        expected=(200, 201, 207, 400),
    )
    answer = yield from _with_properties(write, plural, [KEY])
    rows = list(answer.read.children("results"))
    if not rows:
        raise explain(Response(status=400, body=answer.body), "upsert of an activity")
    activity = rows[0].id("id")
    for ref in command.on:
        other = paths.PLURAL[ref.kind]
        yield Request(
            method="PUT",
            path=paths.default_association(plural, activity, other, ref.external_id),
            writes=True,
            # A record that was deleted since takes its part of the timeline with it.
            expected=(200, 201, 204, 404),
        )
    return Done(remote=Ref(access.connection, Kind.ACTIVITY, ExternalId(activity)))


def _activity(command: LogActivity) -> dict[str, str]:
    at = {"hs_timestamp": str(milliseconds(command.at))}
    match command.activity:
        case ActivityKind.NOTE:
            return {**at, "hs_note_body": _html(command.body)}
        case ActivityKind.EMAIL:
            return {**at, **_email(command)}
        case ActivityKind.SMS:
            return {**at, **_text_message(command)}
        case ActivityKind.CALL:
            return {**at, **_call(command)}
        case _:
            assert_never(command.activity)


def _email(command: LogActivity) -> dict[str, str]:
    headers = {"from": {"email": command.sender}, "to": [{"email": command.recipient}]}
    return {
        "hs_email_direction": "EMAIL",
        "hs_email_status": "SENT",
        "hs_email_subject": command.subject,
        "hs_email_text": command.body,
        "hs_email_headers": json.dumps(headers),
    }


def _text_message(command: LogActivity) -> dict[str, str]:
    """HubSpot keeps neither direction nor numbers of a text message, so its text says them."""
    came = command.direction is Direction.IN
    ends = f"From {command.sender}" if came else f"To {command.recipient}"
    return {
        "hs_communication_channel_type": "SMS",
        "hs_communication_logged_from": "CRM",
        "hs_communication_body": _html(f"{ends}:\n{command.body}"),
    }


def _call(command: LogActivity) -> dict[str, str]:
    came = command.direction is Direction.IN
    return {
        "hs_call_title": command.subject,
        "hs_call_body": _html(command.body),
        "hs_call_direction": "INBOUND" if came else "OUTBOUND",
        "hs_call_duration": str(command.seconds * 1000),
        "hs_call_status": "COMPLETED" if command.seconds else "NO_ANSWER",
        "hs_call_from_number": command.sender,
        "hs_call_to_number": command.recipient,
    }


def _html(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")[:_LONGEST]


def _with_properties(write: Request, plural: str, names: Iterable[str]) -> Step:
    """`write`, once more after creating our properties if HubSpot does not know them yet."""
    answer = yield write
    if not missing_property(answer):
        return _good(answer)
    yield post_json(
        paths.properties(plural, "/groups"),
        {"name": GROUP, "label": "Tricord"},
        expected=(200, 201, 409),
    )
    for name in names:
        yield post_json(paths.properties(plural), _property(name), expected=(200, 201, 409))
    answer = yield write
    return _good(answer)


def _good(answer: Response) -> Response:
    if answer.status == 400:
        raise explain(answer, "write")
    return answer


def _property(name: str) -> dict[str, object]:
    money = name.endswith(("outstanding", "overdue"))
    return {
        "name": name,
        "label": name.replace("_", " ").capitalize(),
        "groupName": GROUP,
        "type": "number" if money else "string",
        "fieldType": "number" if money else "text",
        "hasUniqueValue": name == KEY,
        "description": "Written by Tricord; changes made by hand are overwritten.",
    }
