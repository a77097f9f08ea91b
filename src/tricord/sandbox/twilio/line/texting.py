"""Messages: sent and moved on step by step, received, canceled, redacted, deleted."""

from datetime import datetime, timedelta

from tricord.sandbox.twilio.line import carrier
from tricord.sandbox.twilio.line.account import API_VERSION, Account
from tricord.sandbox.twilio.line.records import Message
from tricord.sandbox.twilio.line.refusals import bad
from tricord.sandbox.twilio.line.values import is_address, is_number, moment, segments

LONGEST_BODY = 1600
_PRICE_OUT, _PRICE_IN = "-0.00790", "-0.00750"


def send(account: Account, fields: dict[str, str], media: tuple[str, ...]) -> Message:
    """What `POST Messages.json` does. Raises a Refusal before anything is kept."""
    to, body = fields.get("To", ""), fields.get("Body", "")
    service = fields.get("MessagingServiceSid", "")
    sender = fields.get("From", "") or _sender_of(account, service)
    _check_content(body, media, fields.get("ContentSid", ""))
    _check_ends(account, sender, to)
    callback = fields.get("StatusCallback", "")
    if callback and not is_address(callback):
        raise bad(21609, f"The 'StatusCallback' URL {callback} is not a valid URL.")
    send_at = _schedule(fields, service, account.now())
    now = account.now()
    message = Message(
        sid=account.new_sid("MM" if media else "SM"),
        direction="outbound-api",
        sender="" if send_at else sender,
        to=to,
        body=body,
        status="scheduled" if send_at else "accepted" if service else "queued",
        created_at=now,
        updated_at=now,
        service=service,
        media=media,
        status_callback=callback,
        segments=segments(body),
    )
    account.messages[message.sid] = message
    _plan(account, message, send_at or now, sender)
    return message


def receive(account: Account, sender: str, to: str, body: str, pictures: int = 0) -> Message:
    """A client texts one of the firm's numbers."""
    number = account.number(to)
    if number is None:
        raise bad(21606, f"{to} is not a number of this account.")
    if not is_number(sender):
        raise bad(21211, f"{sender} is not a phone number.")
    now = account.now()
    message = Message(
        sid=account.new_sid("MM" if pictures else "SM"),
        direction="inbound",
        sender=sender,
        to=to,
        body=body,
        status="received",
        created_at=now,
        updated_at=now,
        sent_at=now,
        media=tuple(account.new_sid("ME") for _ in range(pictures)),
        price=_PRICE_IN,
        segments=segments(body),
    )
    account.messages[message.sid] = message
    account.hooks.send(number.sms_url, _told_inbound(account, message), f"received {message.sid}")
    reply = account.carrier.hear(to, sender, body)
    if reply:
        _reply(account, to, sender, reply)
    return message


def cancel(account: Account, message: Message) -> None:
    if message.status not in ("accepted", "scheduled", "queued"):
        raise bad(20009, f"A message that is {message.status} cannot be canceled.")
    _move(account, message, "canceled")


def redact(account: Account, message: Message) -> None:
    _check_over(message)
    message.body = ""
    message.updated_at = account.now()


def delete(account: Account, message: Message) -> None:
    _check_over(message)
    del account.messages[message.sid]


def _check_over(message: Message) -> None:
    if not (message.final or message.status == "sent"):
        raise bad(20009, "The message is still on its way: its delivery has not been completed.")


def _check_content(body: str, media: tuple[str, ...], content: str) -> None:
    if not (body or media or content):
        raise bad(21602, "Message body is required.")
    if len(body) > LONGEST_BODY:
        raise bad(21617, f"The concatenated message body exceeds the {LONGEST_BODY} sign limit.")


def _check_ends(account: Account, sender: str, to: str) -> None:
    if not to:
        raise bad(21604, "A 'To' phone number is required.")
    if not sender:
        raise bad(21603, "A 'From' phone number is required.")
    if not is_number(to) or to == carrier.INVALID:
        raise bad(21211, f"Invalid 'To' Phone Number: {to}")
    if account.number(sender) is None:
        raise bad(21606, f"The 'From' phone number {sender} is not a number of this account.")
    if to == sender:
        raise bad(21266, "'To' and 'From' number cannot be the same.")
    if to == carrier.UNROUTABLE:
        raise bad(21612, f"The message from {sender} to {to} cannot be routed.")
    if to == carrier.FOREIGN:
        raise bad(21408, f"SMS has not been enabled for the region of {to}.")
    if account.carrier.blocks(sender, to):
        raise bad(21610, "Attempt to send to unsubscribed recipient")
    if account.carrier.phone(to).landline:
        raise bad(21614, f"'To' number is not a valid mobile number: {to}")


def _sender_of(account: Account, service: str) -> str:
    if not service:
        return ""
    if service != account.messaging_service_sid:
        raise bad(21701, f"The Messaging Service {service} does not exist.")
    return next((one.phone_number for one in account.numbers.values()), "")


def _schedule(fields: dict[str, str], service: str, now: datetime) -> datetime | None:
    if fields.get("ScheduleType") != "fixed":
        return None
    if not service:
        raise bad(35118, "MessagingServiceSid is required to schedule a message.")
    try:
        at, _ = moment(fields.get("SendAt", ""))
    except (ValueError, TypeError):
        raise bad(35111, "SendAt must be a time in ISO 8601.") from None
    if not timedelta(minutes=5) <= at - now <= timedelta(days=35):
        raise bad(35114, "SendAt must be between 5 minutes and 35 days from now.")
    return at


def _plan(account: Account, message: Message, start: datetime, sender: str) -> None:
    step = timedelta(seconds=account.step_seconds)

    def leave() -> None:
        if message.status != "canceled":
            message.sender = sender
            _move(account, message, "sending")

    def arrive_at_carrier() -> None:
        if message.status != "canceled":
            message.sent_at = account.now()
            message.price = _PRICE_OUT
            _move(account, message, "sent")

    def end() -> None:
        code = account.carrier.phone(message.to).error_code
        if message.status != "canceled" and code:
            message.error_code = code
            message.error_message = carrier.ERROR_WORDS.get(code, "Unknown error")
            _move(account, message, "undelivered")
        elif message.status != "canceled":
            _move(account, message, "delivered")

    for place, does in enumerate((leave, arrive_at_carrier, end), start=1):
        account.agenda.at(start + place * step, does)


def _reply(account: Account, sender: str, to: str, body: str) -> None:
    """The automatic answer to a keyword: it leaves in spite of the opt-out."""
    now = account.now()
    message = Message(
        sid=account.new_sid("SM"),
        direction="outbound-reply",
        sender=sender,
        to=to,
        body=body,
        status="queued",
        created_at=now,
        updated_at=now,
        segments=segments(body),
    )
    account.messages[message.sid] = message
    _plan(account, message, now, sender)


def _move(account: Account, message: Message, status: str) -> None:
    message.status = status
    message.updated_at = account.now()
    fields = {
        "SmsSid": message.sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": message.to,
        "MessageSid": message.sid,
        "AccountSid": account.sid,
        "From": message.sender,
        "ApiVersion": API_VERSION,
    }
    if message.service:
        fields["MessagingServiceSid"] = message.service
    if message.error_code is not None:
        fields["ErrorCode"] = str(message.error_code)
    account.hooks.send(message.status_callback, fields, f"{status} {message.sid}")


def _told_inbound(account: Account, message: Message) -> dict[str, str]:
    fields = {
        "ToCountry": "US",
        "ToState": "",
        "SmsMessageSid": message.sid,
        "NumMedia": str(len(message.media)),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": message.sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": message.body,
        "FromCountry": "US",
        "To": message.to,
        "ToZip": "",
        "NumSegments": str(message.segments),
        "MessageSid": message.sid,
        "AccountSid": account.sid,
        "From": message.sender,
        "ApiVersion": API_VERSION,
    }
    for place, media in enumerate(message.media):
        path = f"/{API_VERSION}/Accounts/{account.sid}/Messages/{message.sid}/Media/{media}"
        fields[f"MediaUrl{place}"] = f"https://api.twilio.com{path}"
        fields[f"MediaContentType{place}"] = "image/jpeg"
    return fields
