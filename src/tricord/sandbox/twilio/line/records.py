"""What an account holds: numbers, messages, calls, recordings. Times are aware."""

from dataclasses import dataclass
from datetime import datetime

FINAL_MESSAGE = frozenset({"delivered", "undelivered", "failed", "canceled", "received", "read"})
FINAL_CALL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


@dataclass(slots=True, kw_only=True)
class Number:
    """A phone number of the firm, and where Twilio tells what happens on it."""

    sid: str
    phone_number: str
    friendly_name: str
    created_at: datetime
    updated_at: datetime
    sms_url: str = ""
    sms_fallback_url: str = ""
    voice_url: str = ""
    voice_fallback_url: str = ""
    status_callback: str = ""


@dataclass(slots=True, kw_only=True)
class Message:
    """`sender` is "" while a messaging service has not chosen one."""

    sid: str
    direction: str
    sender: str
    to: str
    body: str
    status: str
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    service: str = ""
    media: tuple[str, ...] = ()
    status_callback: str = ""
    error_code: int | None = None
    error_message: str | None = None
    price: str | None = None
    segments: int = 1

    @property
    def final(self) -> bool:
        return self.status in FINAL_MESSAGE


@dataclass(slots=True, kw_only=True)
class Call:
    """One leg of a call; a leg that another one dialled names it in `parent`."""

    sid: str
    direction: str
    sender: str
    to: str
    status: str
    created_at: datetime
    updated_at: datetime
    parent: str = ""
    phone_number_sid: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: int | None = None
    price: str | None = None
    status_callback: str = ""
    events: tuple[str, ...] = ("completed",)
    recording_callback: str = ""

    @property
    def final(self) -> bool:
        return self.status in FINAL_CALL


@dataclass(slots=True, kw_only=True)
class Recording:
    sid: str
    call_sid: str
    source: str
    seconds: int
    started_at: datetime
    created_at: datetime
    updated_at: datetime
    channels: int = 1
    status: str = "completed"
