"""Reader: takes typed values out of a vendor's JSON, or says by path what was wrong with them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tricord.core.money import Money
from tricord.sdk.errors import PayloadMalformed


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

    def has(self, name: str) -> bool:
        return self.value.get(name) is not None

    def text(self, name: str) -> str:
        value = self._present(name)
        if isinstance(value, str) and value:
            return value
        raise self._wrong(name, "a text", value)

    def text_or(self, name: str, default: str = "") -> str:
        value = self.value.get(name)
        if value is None or isinstance(value, str):
            return value or default
        raise self._wrong(name, "a text", value)

    def id(self, name: str) -> str:
        """An id: a text, or a whole number as a text."""
        value = self._present(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.text(name)

    def integer(self, name: str) -> int:
        value = self._present(name)
        if isinstance(value, int) and not isinstance(value, bool):
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
        except ValueError as error:
            raise PayloadMalformed(f"{self._at(currency)}: {error}") from error

    def unix_time_or_none(self, name: str) -> datetime | None:
        """Seconds since 1970 as an aware instant."""
        if not self.has(name):
            return None
        return _instant(self.integer(name), self._at(name))

    def iso_time_or_none(self, name: str) -> datetime | None:
        """An RFC 3339 text, or a text of milliseconds since 1970, as an aware instant."""
        text = self.text_or(name)
        return read_time(text, self._at(name)) if text else None

    def _present(self, name: str) -> Any:
        if self.value.get(name) is None:
            raise PayloadMalformed(f"{self._at(name)}: missing")
        return self.value[name]

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
    """An instant from RFC 3339 or from a text of milliseconds. Raises PayloadMalformed."""
    if text.lstrip("-").isdigit():
        return _instant(int(text) / 1000, path)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise PayloadMalformed(f"{path}: not a time") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


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
