"""Each record as the REST interface shows it: every field of the OpenAPI description."""

from typing import Any

from tricord.sandbox.twilio.line.account import API_VERSION, Account
from tricord.sandbox.twilio.line.records import Call, Message, Number, Recording
from tricord.sandbox.twilio.line.values import formatted, rfc2822

Json = dict[str, Any]
_CALL_PARTS = (
    "notifications", "recordings", "payments", "events", "siprec", "streams", "transcriptions",
    "user_defined_message_subscriptions", "user_defined_messages",
)  # fmt: skip


def message(account: Account, one: Message) -> Json:
    uri = f"{_home(account)}/Messages/{one.sid}"
    return {
        "body": one.body,
        "num_segments": str(one.segments),
        "direction": one.direction,
        "from": one.sender or None,
        "to": one.to,
        "date_updated": rfc2822(one.updated_at),
        "price": one.price,
        "error_message": one.error_message,
        "uri": f"{uri}.json",
        "account_sid": account.sid,
        "num_media": str(len(one.media)),
        "status": one.status,
        "messaging_service_sid": one.service or None,
        "sid": one.sid,
        "date_sent": rfc2822(one.sent_at),
        "date_created": rfc2822(one.created_at),
        "error_code": one.error_code,
        "price_unit": "USD",
        "api_version": API_VERSION,
        "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
    }


def call(account: Account, one: Call) -> Json:
    uri = f"{_home(account)}/Calls/{one.sid}"
    return {
        "sid": one.sid,
        "date_created": rfc2822(one.created_at),
        "date_updated": rfc2822(one.updated_at),
        "parent_call_sid": one.parent or None,
        "account_sid": account.sid,
        "to": one.to,
        "to_formatted": formatted(one.to),
        "from": one.sender,
        "from_formatted": formatted(one.sender),
        "phone_number_sid": one.phone_number_sid or None,
        "status": one.status,
        "start_time": rfc2822(one.started_at),
        "end_time": rfc2822(one.ended_at),
        "duration": None if one.seconds is None else str(one.seconds),
        "price": one.price,
        "price_unit": "USD",
        "direction": one.direction,
        "answered_by": None,
        "api_version": API_VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": f"{uri}.json",
        "subresource_uris": {
            part: f"{uri}/{part.title().replace('_', '')}.json" for part in _CALL_PARTS
        },
    }


def recording(account: Account, one: Recording, base_url: str) -> Json:
    uri = f"{_home(account)}/Recordings/{one.sid}"
    return {
        "account_sid": account.sid,
        "api_version": API_VERSION,
        "call_sid": one.call_sid,
        "conference_sid": None,
        "date_created": rfc2822(one.created_at),
        "date_updated": rfc2822(one.updated_at),
        "start_time": rfc2822(one.started_at),
        "duration": str(one.seconds),
        "sid": one.sid,
        "price": "-0.00250",
        "price_unit": "USD",
        "status": one.status,
        "channels": one.channels,
        "source": one.source,
        "error_code": None,
        "uri": f"{uri}.json",
        "encryption_details": None,
        "subresource_uris": {
            "add_on_results": f"{uri}/AddOnResults.json",
            "transcriptions": f"{uri}/Transcriptions.json",
        },
        "media_url": f"{base_url}{uri}",
    }


def call_recording(account: Account, one: Recording) -> Json:
    """The same recording, as it stands below its call."""
    other = ("media_url", "subresource_uris")
    shown = recording(account, one, "")
    kept = {name: value for name, value in shown.items() if name not in other}
    uri = f"{_home(account)}/Calls/{one.call_sid}/Recordings/{one.sid}.json"
    # The description says a number, and its example a text: none is both.
    return {**kept, "price": None, "track": "both", "uri": uri}


def number(account: Account, one: Number) -> Json:
    return {
        "account_sid": account.sid,
        "address_sid": None,
        "address_requirements": "none",
        "api_version": API_VERSION,
        "beta": False,
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "date_created": rfc2822(one.created_at),
        "date_updated": rfc2822(one.updated_at),
        "friendly_name": one.friendly_name,
        "identity_sid": None,
        "phone_number": one.phone_number,
        "origin": "twilio",
        "sid": one.sid,
        "sms_application_sid": None,
        "sms_fallback_method": "POST",
        "sms_fallback_url": one.sms_fallback_url,
        "sms_method": "POST",
        "sms_url": one.sms_url,
        "status_callback": one.status_callback,
        "status_callback_method": "POST",
        "trunk_sid": None,
        "uri": f"{_home(account)}/IncomingPhoneNumbers/{one.sid}.json",
        "voice_receive_mode": "voice",
        "voice_application_sid": None,
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": one.voice_fallback_url,
        "voice_method": "POST",
        "voice_url": one.voice_url,
        "emergency_status": "Inactive",
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "bundle_sid": None,
        "status": "in-use",
        "type": "local",
    }


def _home(account: Account) -> str:
    return f"/{API_VERSION}/Accounts/{account.sid}"
