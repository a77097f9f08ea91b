"""Every path of the interface the box has, and what it does to the account."""

import io
import wave
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tricord.sandbox.twilio.api.calls import Ask
from tricord.sandbox.twilio.api.lists import page
from tricord.sandbox.twilio.line import calling, shapes, texting
from tricord.sandbox.twilio.line.account import API_VERSION, Account
from tricord.sandbox.twilio.line.records import Call, Message, Number, Recording
from tricord.sandbox.twilio.line.refusals import bad, not_found
from tricord.sandbox.twilio.line.values import is_address, is_number, rfc2822

Answer = tuple[int, Any]
"""Status and body: JSON, bytes of a sound, or None for nothing."""
_NUMBER_FIELDS = {
    "FriendlyName": "friendly_name",
    "SmsUrl": "sms_url",
    "SmsFallbackUrl": "sms_fallback_url",
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
}


@dataclass(frozen=True, slots=True)
class Row:
    """`path` stands below /2010-04-01/Accounts/{account}; `{}` is where a SID stands."""

    method: str
    path: str
    does: Callable[[Account, Ask], Answer]


def rows() -> tuple[Row, ...]:
    return (
        Row("GET", ".json", _account),
        Row("POST", "/Messages.json", _send),
        Row("GET", "/Messages.json", _messages),
        Row("GET", "/Messages/{}.json", lambda a, k: (200, shapes.message(a, _message(a, k)))),
        Row("POST", "/Messages/{}.json", _change_message),
        Row("DELETE", "/Messages/{}.json", _delete_message),
        Row("POST", "/Calls.json", _place),
        Row("GET", "/Calls.json", _calls),
        Row("GET", "/Calls/{}.json", lambda a, k: (200, shapes.call(a, _call(a, k)))),
        Row("POST", "/Calls/{}.json", _change_call),
        Row("DELETE", "/Calls/{}.json", _delete_call),
        Row("GET", "/Calls/{}/Recordings.json", _recordings_of_call),
        Row("GET", "/Recordings.json", _recordings),
        Row("GET", "/Recordings/{}.json", _recording_shown),
        Row("GET", "/Recordings/{}.wav", _sound),
        Row("DELETE", "/Recordings/{}.json", _delete_recording),
        Row("POST", "/IncomingPhoneNumbers.json", _buy),
        Row("GET", "/IncomingPhoneNumbers.json", _numbers),
        Row(
            "GET",
            "/IncomingPhoneNumbers/{}.json",
            lambda a, k: (200, shapes.number(a, _number(a, k))),
        ),
        Row("POST", "/IncomingPhoneNumbers/{}.json", _change_number),
        Row("DELETE", "/IncomingPhoneNumbers/{}.json", _release),
    )


def _account(account: Account, _: Ask) -> Answer:
    home = f"/{API_VERSION}/Accounts/{account.sid}"
    parts = {"messages": "Messages", "calls": "Calls", "recordings": "Recordings",
             "incoming_phone_numbers": "IncomingPhoneNumbers"}  # fmt: skip
    created = rfc2822(min(number.created_at for number in account.numbers.values()))
    return 200, {
        "auth_token": account.auth_token,
        "date_created": created,
        "date_updated": created,
        "friendly_name": "Sandbox",
        "owner_account_sid": account.sid,
        "sid": account.sid,
        "status": "active",
        "subresource_uris": {name: f"{home}/{part}.json" for name, part in parts.items()},
        "type": "Full",
        "uri": f"{home}.json",
    }


def _send(account: Account, ask: Ask) -> Answer:
    message = texting.send(account, ask.fields, ask.every("MediaUrl"))
    return 201, shapes.message(account, message)


def _messages(account: Account, ask: Ask) -> Answer:
    found = [
        one
        for one in account.messages.values()
        if ask.matches("To", one.to)
        and ask.matches("From", one.sender)
        and ask.in_time("DateSent", one.sent_at)
    ]
    return 200, page(ask, "messages", found, lambda one: shapes.message(account, one))


def _change_message(account: Account, ask: Ask) -> Answer:
    """Cancel what has not left, or take the text out of what has."""
    message, fields = _message(account, ask), ask.fields
    if fields.get("Status") == "canceled":
        texting.cancel(account, message)
    elif "Body" in fields and not fields["Body"]:
        texting.redact(account, message)
    else:
        raise bad(20001, "A message can be canceled (Status) or redacted (an empty Body).")
    return 200, shapes.message(account, message)


def _delete_message(account: Account, ask: Ask) -> Answer:
    texting.delete(account, _message(account, ask))
    return 204, None


def _place(account: Account, ask: Ask) -> Answer:
    call = calling.place(account, ask.fields, ask.every("StatusCallbackEvent"))
    return 201, shapes.call(account, call)


def _calls(account: Account, ask: Ask) -> Answer:
    found = [
        one
        for one in account.calls.values()
        if ask.matches("To", one.to)
        and ask.matches("From", one.sender)
        and ask.matches("Status", one.status)
        and ask.matches("ParentCallSid", one.parent)
        and ask.in_time("StartTime", one.started_at, whole_day=False)
        and ask.in_time("EndTime", one.ended_at, whole_day=False)
    ]
    return 200, page(ask, "calls", found, lambda one: shapes.call(account, one))


def _change_call(account: Account, ask: Ask) -> Answer:
    call = _call(account, ask)
    calling.hang_up(account, call, ask.fields.get("Status", ""))
    return 200, shapes.call(account, call)


def _delete_call(account: Account, ask: Ask) -> Answer:
    call = _call(account, ask)
    if not call.final:
        raise bad(20009, "The call is not over yet.")
    del account.calls[call.sid]
    return 204, None


def _recordings_of_call(account: Account, ask: Ask) -> Answer:
    found = _recordings_where(account, ask, _call(account, ask).sid)
    return 200, page(ask, "recordings", found, lambda r: shapes.call_recording(account, r))


def _recordings(account: Account, ask: Ask) -> Answer:
    found, base = _recordings_where(account, ask, ask.asked("CallSid")), ask.base_url
    return 200, page(ask, "recordings", found, lambda r: shapes.recording(account, r, base))


def _recordings_where(account: Account, ask: Ask, call_sid: str) -> list[Recording]:
    deleted_too = ask.asked("IncludeSoftDeleted").lower() == "true"
    return [
        one
        for one in account.recordings.values()
        if call_sid in ("", one.call_sid)
        and (deleted_too or one.status != "deleted")
        and ask.in_time("DateCreated", one.created_at)
    ]


def _recording_shown(account: Account, ask: Ask) -> Answer:
    return 200, shapes.recording(account, _recording(account, ask), ask.base_url)


def _sound(account: Account, ask: Ask) -> Answer:
    """Silence, as long as the recording, at most a minute."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 8000 * min(60, _recording(account, ask).seconds))
    return 200, sound.getvalue()


def _delete_recording(account: Account, ask: Ask) -> Answer:
    recording = _recording(account, ask)
    recording.status = "deleted"
    recording.updated_at = account.now()
    return 204, None


def _buy(account: Account, ask: Ask) -> Answer:
    wanted = ask.fields.get("PhoneNumber", "")
    if not is_number(wanted):
        raise bad(21421, f"PhoneNumber {wanted} is invalid.")
    if account.number(wanted) is not None:
        raise bad(21422, f"PhoneNumber {wanted} is not available.")
    number = account.buy_number(wanted)
    _configure(number, ask)
    return 201, shapes.number(account, number)


def _numbers(account: Account, ask: Ask) -> Answer:
    found = [
        one
        for one in account.numbers.values()
        if ask.asked("PhoneNumber") in one.phone_number
        and ask.matches("FriendlyName", one.friendly_name)
    ]
    shown = page(ask, "incoming_phone_numbers", found, lambda one: shapes.number(account, one))
    return 200, shown


def _change_number(account: Account, ask: Ask) -> Answer:
    number = _number(account, ask)
    _configure(number, ask)
    number.updated_at = account.now()
    return 200, shapes.number(account, number)


def _configure(number: Number, ask: Ask) -> None:
    for given, name in _NUMBER_FIELDS.items():
        if given not in ask.fields:
            continue
        value = ask.fields[given]
        if value and given != "FriendlyName" and not is_address(value):
            raise bad(21402 if given == "VoiceUrl" else 21502, f"{given} is not a valid URL.")
        setattr(number, name, value)


def _release(account: Account, ask: Ask) -> Answer:
    del account.numbers[_number(account, ask).sid]
    return 204, None


def _message(account: Account, ask: Ask) -> Message:
    found = account.messages.get(ask.sid)
    if found is None:
        raise not_found(ask.path)
    return found


def _call(account: Account, ask: Ask) -> Call:
    found = account.calls.get(ask.sid)
    if found is None:
        raise not_found(ask.path)
    return found


def _recording(account: Account, ask: Ask) -> Recording:
    found = account.recordings.get(ask.sid)
    kept = found is not None and (
        found.status != "deleted" or ask.asked("IncludeSoftDeleted").lower() == "true"
    )
    if found is None or not kept:
        raise not_found(ask.path)
    return found


def _number(account: Account, ask: Ask) -> Number:
    found = account.numbers.get(ask.sid)
    if found is None:
        raise not_found(ask.path)
    return found
