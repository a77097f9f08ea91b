"""Reader: takes typed values out of a vendor's JSON, or says by path what was wrong with them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

from tricord.core.money import Money
from tricord.sdk.errors import PayloadMalformed

_MILLISECONDS = re.compile(r"-?[0-9]{1,17}")
_BROKEN = re.compile("[\x00\ud800-\udfff]")
_WIDEST = 2**63


@dataclass(frozen=True, slots=True)
class Reader:
    """One JSON object and where it stands in the payload.

    Every method raises PayloadMalformed naming the path when the value is missing or of another
    kind. Those that end in `_or` give the default for a missing or null value, and still raise for
    one of another kind.
    """

    value: dict[str, Any]
    path: str = "$"

    @staticmethod
    def of(raw: bytes) -> "Reader":
        """The object in `raw`. Raises PayloadMalformed when it is not JSON, or not an object."""
        return Reader(_object(parse_json(raw), "$"))

    @staticmethod
    def each(raw: bytes) -> tuple["Reader", ...]:
        """The objects of a JSON array, as some vendors batch their events."""
        value = parse_json(raw)
        if not isinstance(value, list):
            raise PayloadMalformed("$: expected a list")
        return tuple(Reader(_object(item, f"$[{i}]"), f"$[{i}]") for i, item in enumerate(value))

    @staticmethod
    def of_form(raw: bytes) -> "Reader":
        """The fields of a form, each a text. Raises PayloadMalformed for bytes that are no form.

        A name that is said twice with two values is refused: the two could be read differently.
        """
        try:
            pairs = parse_qsl(
                raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=500
            )
        except (UnicodeDecodeError, ValueError) as error:
            raise PayloadMalformed(f"$: not a form ({type(error).__name__})") from None
        fields: dict[str, Any] = {}
        for name, value in pairs:
            if fields.setdefault(name, value) != value:
                place = name if name.isascii() and name.isalnum() else "(a field)"
                raise PayloadMalformed(f"$.{place}: said twice")
        return Reader(fields)

    def has(self, name: str) -> bool:
        return self.value.get(name) is not None

    def text(self, name: str) -> str:
        value = self._present(name)
        if isinstance(value, str) and value:
            return self._kept(name, value)
        raise self._wrong(name, "a text", value)

    def text_or(self, name: str, default: str = "") -> str:
        value = self.value.get(name)
        if value is None or isinstance(value, str):
            return self._kept(name, value) if value else default
        raise self._wrong(name, "a text", value)

    def id(self, name: str) -> str:
        """An id: a text, or a whole number as a text."""
        value = self._present(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.text(name)

    def ids(self, name: str) -> tuple[str, ...]:
        """A list of ids; none when it is missing."""
        value = self.value.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self._wrong(name, "a list", value)
        rows = Reader({f"[{place}]": item for place, item in enumerate(value)}, self._at(name))
        return tuple(rows.id(f"[{place}]") for place in range(len(value)))

    def integer(self, name: str) -> int:
        """A whole number that databases can hold: of 64 bits."""
        value = self._present(name)
        if isinstance(value, int) and not isinstance(value, bool) and -_WIDEST <= value < _WIDEST:
            return value
        raise self._wrong(name, "a whole number", value)

    def integer_or(self, name: str, default: int = 0) -> int:
        return self.integer(name) if self.has(name) else default

    def flag_or(self, name: str, default: bool = False) -> bool:
        value = self.value.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        raise self._wrong(name, "true or false", value)

    def child(self, name: str) -> "Reader":
        return Reader(_object(self._present(name), self._at(name)), self._at(name))

    def child_or_empty(self, name: str) -> "Reader":
        return self.child(name) if self.has(name) else Reader({}, self._at(name))

    def children(self, name: str) -> Iterator["Reader"]:
        """The objects of a list; none when it is missing."""
        value = self.value.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            raise self._wrong(name, "a list", value)
        for place, item in enumerate(value):
            at = f"{self._at(name)}[{place}]"
            yield Reader(_object(item, at), at)

    def texts(self, name: str) -> tuple[tuple[str, str], ...]:
        """An object of texts as sorted pairs; nulls are left out."""
        pairs = self.child_or_empty(name).value.items()
        return tuple(sorted((str(key), str(value)) for key, value in pairs if value is not None))

    def minor_money(self, name: str, currency: str) -> Money:
        """An integer of minor units beside a lower- or upper-case currency code."""
        try:
            return Money(self.integer(name), self.text(currency).upper())
        except ValueError:
            raise PayloadMalformed(f"{self._at(currency)}: not a currency code") from None

    def unix_time_or_none(self, name: str) -> datetime | None:
        """Seconds since 1970 as an aware instant."""
        if not self.has(name):
            return None
        return _instant(self.integer(name), self._at(name))

    def iso_time_or_none(self, name: str) -> datetime | None:
        """An RFC 3339 text, or a text of milliseconds since 1970, as an aware instant."""
        text = self.text_or(name)
        return read_time(text, self._at(name)) if text else None

    def mail_time_or_none(self, name: str) -> datetime | None:
        """A time as mails have it (RFC 2822) as an aware instant."""
        text = self.text_or(name)
        if not text:
            return None
        try:
            found = parsedate_to_datetime(text)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            raise PayloadMalformed(f"{self._at(name)}: not a time") from None

    def whole_or(self, name: str, default: int = 0) -> int:
        """A whole number that is written as a text."""
        text = self.text_or(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise PayloadMalformed(f"{self._at(name)}: not a whole number")
        return int(text)

    def _present(self, name: str) -> Any:
        if self.value.get(name) is None:
            raise PayloadMalformed(f"{self._at(name)}: missing")
        return self.value[name]

    def _kept(self, name: str, text: str) -> str:
        """`text`, if it can be written down: half a character or a NUL fits no database."""
        if _BROKEN.search(text):
            raise PayloadMalformed(f"{self._at(name)}: expected a text, found broken characters")
        return text

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}"

    def _wrong(self, name: str, wanted: str, value: object) -> PayloadMalformed:
        found = "an empty text" if value == "" else type(value).__name__
        return PayloadMalformed(f"{self._at(name)}: expected {wanted}, found {found}")


def parse_json(raw: bytes) -> Any:
    """JSON of bounded depth. Raises PayloadMalformed with the place, never with the content."""
    try:
        return json.loads(raw)
    except (UnicodeDecodeError, RecursionError) as error:
        raise PayloadMalformed(f"$: not JSON ({type(error).__name__})") from None
    except ValueError as error:
        place = getattr(error, "pos", None)
        raise PayloadMalformed(f"$: not JSON, at byte {place}") from None


def read_time(text: str, path: str = "$") -> datetime:
    """An instant in UTC, from RFC 3339 or from a text of milliseconds. Raises PayloadMalformed."""
    if _MILLISECONDS.fullmatch(text):
        return _instant(int(text) / 1000, path)
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise PayloadMalformed(f"{path}: not a time") from None


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970, as versions are counted."""
    return int(at.timestamp() * 1000)


def _instant(seconds: float, path: str) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise PayloadMalformed(f"{path}: not a time") from None


def _object(value: object, path: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise PayloadMalformed(f"{path}: expected an object, found {type(value).__name__}")
