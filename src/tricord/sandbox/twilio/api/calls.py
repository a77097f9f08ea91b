"""One request as the endpoints see it: who the path is about, its query and its form."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tricord.sandbox.twilio.line.refusals import bad
from tricord.sandbox.twilio.line.values import moment

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`sid` is the last one in the path, "" where none is; `base_url` is how we were asked."""

    path: str
    base_url: str
    sid: str = ""
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()

    @property
    def fields(self) -> dict[str, str]:
        return dict(self.form)

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a form field that may be said more than once."""
        return tuple(value for given, value in self.form if given == name)

    def asked(self, name: str) -> str:
        return dict(self.query).get(name, "")

    def matches(self, name: str, value: str) -> bool:
        """Whether a record passes a filter; one that is not given lets all through."""
        wanted = self.asked(name)
        return not wanted or wanted == value

    def in_time(self, name: str, at: datetime | None, *, whole_day: bool = True) -> bool:
        """`Name`, `Name<` and `Name>`: on a day, up to it and from it on.

        `whole_day` says whether `<` takes in the day itself, as for messages and not for calls. A
        record without the time passes only where nothing is asked.
        """
        for sign in ("", "<", ">"):
            text = self.asked(f"{name}{sign}")
            if text and (at is None or not _within(sign, text, at, name, whole_day)):
                return False
        return True


def _within(sign: str, text: str, at: datetime, name: str, whole_day: bool) -> bool:
    try:
        bound, is_day = moment(text)
    except (ValueError, TypeError):
        raise bad(20001, f"{name}{sign} is not a date: {text}") from None
    match sign:
        case "<":
            return at < (bound + timedelta(days=1) if is_day and whole_day else bound)
        case ">":
            return at >= bound
        case _:
            return at.astimezone(UTC).date() == bound.date()
