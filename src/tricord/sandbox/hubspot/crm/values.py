"""How HubSpot writes a value down: every one is text, checked by its property's type."""

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_TEXT = 65_536
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")


class InvalidValue(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def moment(at: datetime) -> str:
    """ISO 8601 as Java's Instant prints it: milliseconds only where there are any."""
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    millis = at.microsecond // 1000
    return f"{text}.{millis:03d}Z" if millis else f"{text}Z"


def epoch_ms(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def whole_ms(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


def instant_of(text: str) -> datetime:
    """Reads epoch milliseconds or ISO 8601; a bare date is its midnight in UTC."""
    if re.fullmatch(r"-?\d{1,16}", text):
        return EPOCH + timedelta(milliseconds=int(text))
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def text_of(raw: object) -> str:
    """JSON as the text HubSpot keeps; null clears, so it is the empty text."""
    match raw:
        case None:
            return ""
        case bool():
            return "true" if raw else "false"
        case float() if raw.is_integer():
            return str(int(raw))
        case str() | int() | float():
            return str(raw)
        case _:
            raise InvalidValue("INVALID_STRING", "A property value must be text or a number")


def stored(name: str, kind_of: str, options: Collection[str] | None, raw: object) -> str:
    """The text kept for `raw`; `options` None means that any value will do."""
    text = text_of(raw)
    if text == "":
        return ""
    match kind_of:
        case "number":
            return _number(text)
        case "bool":
            return _one_of(name, text.lower(), ("true", "false"))
        case "date":
            return _date(name, text)
        case "datetime":
            return moment(_instant(name, text))
        case "enumeration":
            return text if options is None else _one_of(name, text, options)
        case _:
            return _email(text) if name == "email" else _text(text)


def _number(text: str) -> str:
    try:
        finite = Decimal(text.strip()).is_finite()
    except InvalidOperation:
        finite = False
    if not finite:
        raise InvalidValue("INVALID_NUMBER", f"{text} was not a valid number.")
    return text.strip()


def _instant(name: str, text: str) -> datetime:
    try:
        return instant_of(text)
    except (ValueError, OverflowError) as error:
        raise InvalidValue("INVALID_DATE", f"{text} is not a valid date for {name}.") from error


def _date(name: str, text: str) -> str:
    at = _instant(name, text)
    if (at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0):
        raise InvalidValue("INVALID_DATE", f"{text} is at {moment(at)}, not at midnight UTC!")
    return date.isoformat(at.date())


def _one_of(name: str, text: str, options: Collection[str]) -> str:
    chosen = [part.strip() for part in text.split(";") if part.strip()]
    for part in chosen:
        if part not in options:
            allowed = ", ".join(options)
            raise InvalidValue(
                "INVALID_OPTION", f"{part} was not one of the allowed options: [{allowed}] ({name})"
            )
    return ";".join(chosen)


def _email(text: str) -> str:
    kept = text.strip().lower()
    if not _EMAIL.fullmatch(kept):
        raise InvalidValue("INVALID_EMAIL", f"Email address {text} is invalid")
    return kept


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise InvalidValue(
            "PROPERTY_VALUE_TOO_LARGE", f"The value is longer than {LONGEST_TEXT} characters"
        )
    return text
