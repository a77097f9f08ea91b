"""Editing: what a person may correct in a refused command before it is tried again. Never money."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from unicodedata import category

from tricord.core.commands import (
    Command,
    CreateCustomer,
    CreateInvoice,
    LogActivity,
    SendMessage,
    UpdateRecord,
)

_LONGEST = 500
_LONGEST_TERMS = 365
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LINE = re.compile(r"lines\.([^.]+)\.description")


class NotEditable(ValueError):
    """A field that cannot be corrected so; the text says what can be."""


def edited(command: Command, changes: Mapping[str, str]) -> Command:
    """The command with fields corrected. Raises NotEditable; nothing is taken half."""
    for name, text in changes.items():
        if any(category(character) in ("Cc", "Zl", "Zp") for character in text):
            raise NotEditable(f"{name}: write it on one line")
        if len(text) > _LONGEST:
            raise NotEditable(f"{name}: at most {_LONGEST} characters")
        command = _with(command, name, text)
    return command


def editable(command: Command) -> tuple[str, ...]:
    """The names of the fields that may be corrected."""
    match command:
        case CreateCustomer():
            return ("name", "email", "phone")
        case CreateInvoice():
            lines = tuple(f"lines.{line.id}.description" for line in command.lines)
            return ("memo", "days_until_due", *lines)
        case SendMessage():
            return ("recipient", "recipient_name")
        case UpdateRecord() | LogActivity():
            return ()


def values_of(command: Command) -> tuple[tuple[str, str], ...]:
    """The fields that may be corrected, with what they say now."""
    return tuple((name, _value(command, name)) for name in editable(command))


def _value(command: Command, name: str) -> str:
    line = _LINE.fullmatch(name)
    if line is not None and isinstance(command, CreateInvoice):
        return next(one.description for one in command.lines if one.id == line[1])
    return str(getattr(command, name))


def _with(command: Command, name: str, text: str) -> Command:
    allowed = editable(command)
    if name not in allowed:
        known = f"what can is {', '.join(allowed)}" if allowed else "nothing of this command can"
        raise NotEditable(f"{name} cannot be corrected; {known}")
    if isinstance(command, CreateInvoice):
        return _invoice_with(command, name, text)
    if name == "email" or (name == "recipient" and "@" in text):
        _must(text, name, _ADDRESS.fullmatch, "write an e-mail address")
    elif not text and name != "phone":
        raise NotEditable(f"{name}: it must not be empty")
    return replace(command, **{name: text})  # type: ignore[arg-type]  # all of them are texts


def _invoice_with(command: CreateInvoice, name: str, text: str) -> CreateInvoice:
    line = _LINE.fullmatch(name)
    if line is not None:
        _must(text, name, bool, "it must not be empty")
        changed = tuple(
            replace(one, description=text) if one.id == line[1] else one for one in command.lines
        )
        return replace(command, lines=changed)
    if name == "memo":
        return replace(command, memo=text)
    words = f"write whole days, at most {_LONGEST_TERMS}"
    _must(text, name, lambda t: t.isascii() and t.isdigit() and len(t) <= 3, words)
    _must(text, name, lambda t: int(t) <= _LONGEST_TERMS, words)
    return replace(command, days_until_due=int(text))


def _must(text: str, name: str, holds: Callable[[str], object], words: str) -> None:
    if not holds(text):
        raise NotEditable(f"{name}: {words}")
