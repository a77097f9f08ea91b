"""Folders of the firm's mailbox: numbered mails with flags, as RFC 3501 section 2.3 wants them."""

from dataclasses import dataclass, field
from datetime import datetime

SPECIAL = {"Sent": "\\Sent", "Drafts": "\\Drafts", "Trash": "\\Trash"}
_SYSTEM_FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")


@dataclass(slots=True, kw_only=True)
class Kept:
    """One mail in a folder. Its number never changes and is never given again."""

    uid: int
    raw: bytes
    arrived: datetime
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Folder:
    name: str
    validity: int
    next_uid: int = 1
    mails: list[Kept] = field(default_factory=list)

    @property
    def attributes(self) -> list[str]:
        special = SPECIAL.get(self.name)
        return ["\\HasNoChildren", *([special] if special else [])]

    def add(self, raw: bytes, arrived: datetime, flags: set[str] | None = None) -> Kept:
        kept = Kept(uid=self.next_uid, raw=raw, arrived=arrived, flags=set(flags or ()))
        self.next_uid += 1
        self.mails.append(kept)
        return kept

    def renumber(self) -> None:
        """What a server does that was restored from a backup: every number is void."""
        self.validity += 1
        for number, kept in enumerate(self.mails, start=1):
            kept.uid = number
        self.next_uid = len(self.mails) + 1

    @property
    def unseen(self) -> int:
        return sum("\\Seen" not in kept.flags for kept in self.mails)


@dataclass(slots=True)
class Firm:
    """Every folder of the firm's one mailbox."""

    folders: dict[str, Folder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, name in enumerate(("INBOX", *SPECIAL)):
            self.folders[name] = Folder(name=name, validity=1_793_600_000 + place)

    def find(self, name: str) -> Folder | None:
        return self.folders.get("INBOX" if name.upper() == "INBOX" else name)

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    @property
    def sent(self) -> Folder:
        return self.folders["Sent"]


def flag_of(text: str) -> str:
    """A system flag in its own spelling, whatever the client's; any other as it came."""
    return next((flag for flag in _SYSTEM_FLAGS if flag.lower() == text.lower()), text)
