"""Calls: made by the API and moved on step by step, or made by a client and told as over."""

from datetime import timedelta

from tricord.sandbox.twilio.line.account import API_VERSION, Account
from tricord.sandbox.twilio.line.records import Call, Recording
from tricord.sandbox.twilio.line.refusals import bad
from tricord.sandbox.twilio.line.values import formatted, is_address, is_number, rfc2822

OUTCOMES = ("answered", "missed", "voicemail", "hung_up")
EVENTS = ("initiated", "ringing", "answered", "completed")
TALK_SECONDS = 5
DESK_PHONE = "+15550199"
"""Where the firm's number puts calls through to."""
_PRICE = "-0.01400"


def place(account: Account, fields: dict[str, str], events: tuple[str, ...]) -> Call:
    """What `POST Calls.json` does. Raises a Refusal before anything is kept."""
    to, sender = fields.get("To", ""), fields.get("From", "")
    if not to:
        raise bad(21201, "No 'To' number is specified")
    if not sender:
        raise bad(21213, "No 'From' number is specified")
    if not is_number(to):
        raise bad(21211, f"Invalid 'To' Phone Number: {to}")
    number = account.number(sender)
    if number is None:
        raise bad(21210, f"'From' phone number {sender} is not verified for this account.")
    if not (fields.get("Url") or fields.get("Twiml") or fields.get("ApplicationSid")):
        raise bad(21205, "Url parameter is required.")
    for name in ("Url", "StatusCallback", "RecordingStatusCallback"):
        if fields.get(name) and not is_address(fields[name]):
            raise bad(21205, f"{name} is not a valid URL: {fields[name]}")
    if unknown := set(events) - set(EVENTS):
        raise bad(21626, f"Invalid StatusCallbackEvents: {sorted(unknown)}")
    now = account.now()
    call = Call(
        sid=account.new_sid("CA"),
        direction="outbound-api",
        sender=sender,
        to=to,
        status="queued",
        created_at=now,
        updated_at=now,
        phone_number_sid=number.sid,
        status_callback=fields.get("StatusCallback", ""),
        events=events or ("completed",),
        recording_callback=fields.get("RecordingStatusCallback", ""),
    )
    account.calls[call.sid] = call
    _plan(account, call, recorded=fields.get("Record", "").lower() == "true")
    return call


def ring(account: Account, sender: str, to: str, outcome: str, seconds: int) -> Call:
    """A client calls the firm and the call is over: how it went, and how long they talked.

    The firm's number puts each call through to its desk, which is a second leg, and takes a message
    where nobody is there. `hung_up` is a caller who gave up while it rang.
    """
    number = account.number(to)
    if number is None:
        raise bad(21606, f"{to} is not a number of this account.")
    if outcome not in OUTCOMES:
        raise bad(20001, f"outcome is one of: {', '.join(OUTCOMES)}")
    now = account.now()
    talked = seconds if outcome in ("answered", "voicemail") else 0
    began = now - timedelta(seconds=talked + 4)
    call = Call(
        sid=account.new_sid("CA"),
        direction="inbound",
        sender=sender,
        to=to,
        status="ringing",
        created_at=began,
        updated_at=began,
        phone_number_sid=number.sid,
        status_callback=number.status_callback,
    )
    account.calls[call.sid] = call
    account.hooks.send(number.voice_url, told(account, call), f"ringing {call.sid}")
    call.started_at = began
    if outcome == "hung_up":
        _end(account, call, "no-answer", None)
        return call
    leg = Call(
        sid=account.new_sid("CA"),
        direction="outbound-dial",
        sender=sender,
        to=DESK_PHONE,
        status="ringing",
        created_at=began,
        updated_at=began,
        parent=call.sid,
        started_at=began,
    )
    account.calls[leg.sid] = leg
    answered = outcome == "answered"
    _end(account, leg, "completed" if answered else "no-answer", talked if answered else None)
    if outcome == "voicemail":
        record(account, call, talked, "RecordVerb", number.status_callback)
    _end(account, call, "completed", talked + 4)
    return call


def record(account: Account, call: Call, seconds: int, source: str, callback: str) -> Recording:
    """Keep what was said on a call, and tell that it is there."""
    now = account.now()
    recording = Recording(
        sid=account.new_sid("RE"),
        call_sid=call.sid,
        source=source,
        seconds=seconds,
        started_at=now - timedelta(seconds=seconds),
        created_at=now,
        updated_at=now,
    )
    account.recordings[recording.sid] = recording
    path = f"/{API_VERSION}/Accounts/{account.sid}/Recordings/{recording.sid}"
    fields = {
        "RecordingSource": source,
        "RecordingTrack": "both",
        "RecordingSid": recording.sid,
        "RecordingUrl": f"https://api.twilio.com{path}",
        "RecordingStatus": "completed",
        "RecordingChannels": "1",
        "RecordingStartTime": str(rfc2822(recording.started_at)),
        "RecordingDuration": str(seconds),
        "CallSid": call.sid,
        "AccountSid": account.sid,
        "ErrorCode": "0",
    }
    account.hooks.send(callback, fields, f"recording {recording.sid}")
    return recording


def hang_up(account: Account, call: Call, status: str) -> None:
    """What `POST Calls/{sid}.json` does with `Status`."""
    if status not in ("canceled", "completed"):
        raise bad(20001, "Status is canceled or completed.")
    if call.final:
        raise bad(21220, "Invalid call state: the call is over.")
    talked = None
    if call.status == "in-progress" and call.started_at is not None:
        talked = max(1, round((account.now() - call.started_at).total_seconds()))
    _end(account, call, "completed" if talked else "canceled", talked)


def told(account: Account, call: Call) -> dict[str, str]:
    """What a callback says of a call."""
    fields = {
        "Called": call.to,
        "Caller": call.sender,
        "CallSid": call.sid,
        "CallStatus": call.status,
        "Direction": call.direction,
        "From": call.sender,
        "To": call.to,
        "AccountSid": account.sid,
        "ApiVersion": API_VERSION,
    }
    if call.parent:
        fields["ParentCallSid"] = call.parent
    if call.final:
        fields["CallDuration"] = str(call.seconds or 0)
        fields["Duration"] = str(-(-(call.seconds or 0) // 60))
        fields["Timestamp"] = str(rfc2822(account.now()))
        fields["CallbackSource"] = "call-progress-events"
        fields["CallerName"] = formatted(call.sender)
    return fields


def _plan(account: Account, call: Call, *, recorded: bool) -> None:
    step, now = timedelta(seconds=account.step_seconds), account.now()
    outcome = account.carrier.phone(call.to).answers
    talk = timedelta(seconds=TALK_SECONDS)

    def ringing() -> None:
        _move(account, call, "ringing", "ringing")

    def answered() -> None:
        if not call.final:
            call.started_at = account.now()
            _move(account, call, "in-progress", "answered")

    def over() -> None:
        if call.final:
            return
        if recorded and outcome == "completed":
            record(account, call, TALK_SECONDS, "OutboundAPI", call.recording_callback)
        _end(account, call, outcome, TALK_SECONDS if outcome == "completed" else None)

    if "initiated" in call.events:
        account.hooks.send(call.status_callback, told(account, call), f"initiated {call.sid}")
    account.agenda.at(now + step, ringing)
    if outcome == "completed":
        account.agenda.at(now + 2 * step, answered)
    account.agenda.at(now + 2 * step + (talk if outcome == "completed" else step), over)


def _move(account: Account, call: Call, status: str, event: str) -> None:
    if call.final:
        return
    call.status = status
    call.updated_at = account.now()
    if event in call.events:
        account.hooks.send(call.status_callback, told(account, call), f"{status} {call.sid}")


def _end(account: Account, call: Call, status: str, seconds: int | None) -> None:
    call.ended_at = account.now()
    call.seconds = seconds
    call.price = _PRICE if seconds else None
    _move(account, call, status, "completed")
