"""Every answer of the box against Twilio's own OpenAPI description."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sandbox.twilio.conftest import CLIENT, FIRM, Json, Stage


@pytest.fixture(scope="module")
def spec() -> Json:
    folder = os.environ.get("TRICORD_SPECS")
    if folder is None:
        pytest.skip("TRICORD_SPECS names no folder with Twilio's description")
    read: Json = json.loads((Path(folder) / "twilio" / "twilio_api_v2010.json").read_text())
    return read


def as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0 says `nullable`; beside a reference or without a type, it says it in words."""
    if isinstance(node, list):
        return [as_json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {name: as_json_schema(value) for name, value in node.items() if name != "nullable"}
    if node.get("nullable") and "type" in kept:
        kept["type"] = [kept["type"], "null"]
    if node.get("nullable") and "enum" in kept:
        kept["enum"] = [*kept["enum"], None]
    return kept


def lived(stage: Stage) -> dict[str, str]:
    """A box in which one of everything has happened; a SID of each."""
    message = stage.text("Hello", status_callback=stage.hub.url)
    stage.act("texts", **{"from": CLIENT, "body": "Stop", "pictures": 1})
    stage.act("phones", number="+15550143", error_code=30005)
    stage.text("Lost", to="+15550143")
    voicemail = stage.act("calls", **{"from": CLIENT, "outcome": "voicemail", "seconds": 9})
    stage.sdk.calls.create(to=CLIENT, from_=FIRM, url="https://harbour.example/twiml")
    stage.clock.pass_(seconds=30)
    (recording,) = stage.sdk.recordings.list(call_sid=voicemail["sid"])
    (number,) = stage.sdk.incoming_phone_numbers.list()
    return {
        "Messages": str(message.sid),
        "Calls": str(voicemail["sid"]),
        "Recordings": str(recording.sid),
        "IncomingPhoneNumbers": str(number.sid),
    }


def test_every_answer_is_as_the_description_says(stage: Stage, spec: Json) -> None:
    sids = lived(stage)
    base = "/2010-04-01/Accounts/{AccountSid}"
    sms = [("To", "+15550144"), ("From", FIRM), ("Body", "More")]
    ring = [("To", CLIENT), ("From", FIRM), ("Twiml", "<Response/>")]
    steps: list[tuple[str, str, list[tuple[str, str]] | None]] = [
        ("GET", "/2010-04-01/Accounts/{Sid}.json", None),
        ("POST", f"{base}/Messages.json", sms),
        ("POST", f"{base}/Calls.json", ring),
        ("POST", f"{base}/IncomingPhoneNumbers.json", [("PhoneNumber", "+15550177")]),
        ("GET", f"{base}/Calls/{{CallSid}}/Recordings.json", None),
        *(("GET", f"{base}/{name}.json", None) for name in sids),
        *(("GET", f"{base}/{name}/{{Sid}}.json", None) for name in sids),
        ("POST", f"{base}/Messages/{{Sid}}.json", [("Body", "")]),
        ("POST", f"{base}/IncomingPhoneNumbers/{{Sid}}.json", [("SmsUrl", stage.hub.url)]),
        *(("DELETE", f"{base}/{name}/{{Sid}}.json", None) for name in sids),
    ]
    for method, declared, form in steps:
        name = declared.removeprefix(f"{base}/").partition("/")[0].removesuffix(".json")
        sid = stage.box.account.sid if "{AccountSid}" not in declared else sids.get(name, "")
        path = declared.replace("{AccountSid}", stage.box.account.sid)
        path = path.replace("{Sid}", sid).replace("{CallSid}", sids["Calls"])
        status, body = stage.send(method, path, form)
        answers = spec["paths"][declared][method.lower()]["responses"]
        assert str(status) in answers, (method, declared, status, body)
        content = answers[str(status)].get("content")
        if content is None:
            assert body is None
            continue
        schema = as_json_schema(content["application/json"]["schema"])
        jsonschema.validate(body, {**schema, "components": as_json_schema(spec["components"])})
        for one in [body, *next((v for v in body.values() if isinstance(v, list)), [])]:
            assert unknown(one, name, spec) == set()


def unknown(shown: Json, name: str, spec: Json) -> set[str]:
    """Fields that the description does not have, of what is one record."""
    kinds = {
        "Messages": "message",
        "Calls": "call",
        "Recordings": "recording",
        "IncomingPhoneNumbers": "incoming_phone_number",
    }
    if "sid" not in shown or name not in kinds or "auth_token" in shown:
        return set()
    kind = "call.call_recording" if "track" in shown else kinds[name]
    known = spec["components"]["schemas"][f"api.v2010.account.{kind}"]["properties"]
    return (set(shown) ^ set(known)) - {"uri"}
