"""Values of the core as JSON and back, strictly: what does not fit is an error, not a guess."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from tricord.core.alerts import Alert
from tricord.core.cases import Case
from tricord.core.commands import COMMAND_TYPES, VERBS, Command
from tricord.core.ids import Kind
from tricord.core.records import RECORD_TYPES, Record, Tombstone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (Alert, Case, Tombstone, *RECORD_TYPES.values(), *COMMAND_TYPES.values())
}


def to_micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def maybe_micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def maybe_time(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


@cache
def _adapter_of(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_KINDS[name])


def _adapter(kind: type) -> TypeAdapter[Any]:
    return _adapter_of(kind.__name__)


def dump(value: object) -> bytes:
    return _adapter(type(value)).dump_json(value)


def load_record(shape: str, raw: bytes) -> Record:
    kind = Tombstone if shape == "tombstone" else RECORD_TYPES[Kind(shape)]
    return cast(Record, _adapter(kind).validate_json(raw))


def load_look(kind: str, raw: bytes) -> Record:
    """A look as the log of observations keeps it; one that found nothing is a tombstone."""
    try:
        return load_record(kind, raw)
    except ValidationError:
        return load_record("tombstone", raw)


def shape_of(record: Record) -> str:
    return "tombstone" if isinstance(record, Tombstone) else str(record.ref.kind)


def load_command(verb: str, raw: bytes) -> Command:
    return cast(Command, _adapter(COMMAND_TYPES[verb]).validate_json(raw))


def verb_of(command: Command) -> str:
    return VERBS[type(command)]


def load_alert(raw: bytes) -> Alert:
    return cast(Alert, _adapter(Alert).validate_json(raw))


def load_case(raw: bytes) -> Case:
    return cast(Case, _adapter(Case).validate_json(raw))
