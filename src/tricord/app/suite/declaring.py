"""Checks of what a connector declares: its files, its name, its settings, its verbs."""

import importlib.util
import re
from collections.abc import Callable, Iterator
from typing import Any

from tricord.app.suite.subject import Subject
from tricord.sdk.connector import Once

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ADDRESS = re.compile(r"https://[a-z0-9.-]+[a-z0-9]")


def it_has_the_four_file_shape(subject: Subject) -> Iterator[str]:
    """Each talk lives in the file of its kind, in the package of the declaration."""
    connector = subject.connector
    package = connector.probe.__module__.rpartition(".")[0]
    parts: dict[str, list[Callable[..., Any]]] = {
        "connector": [connector.probe],
        "act": [
            *(verb.act for verb in connector.verbs.values()),
            *((connector.notice.tell,) if connector.notice else ()),
        ],
        "parse": [part for part in (connector.parse, connector.delivery_id) if part],
        "read": [*connector.reads.values(), *([connector.listing] if connector.listing else [])],
        "pages": [*connector.pages.values()],
    }
    for name, functions in parts.items():
        module = f"{package}.{name}"
        if functions and importlib.util.find_spec(module) is None:
            yield f"{module} is missing"
        for function in functions:
            if function.__module__ != module:
                yield f"{function.__name__} lives in {function.__module__}, not in {module}"


def it_is_named_and_bounded(subject: Subject) -> Iterator[str]:
    connector = subject.connector
    if not _NAME.fullmatch(connector.name):
        yield f"the name {connector.name!r} is not of the form a_name1"
    if not connector.title:
        yield "it has no title"
    if connector.base_url and not _ADDRESS.fullmatch(connector.base_url):
        yield "base_url is not https://host, without a slash at its end"
    limits = connector.limits
    if limits.at_once < 1 or limits.per_second <= 0 or limits.burst < 1:
        yield "a limit allows nothing at all"


def its_settings_say_what_they_are(subject: Subject) -> Iterator[str]:
    """The form in the console, the prompt of the CLI and the docs page are made from these."""
    names = [setting.name for setting in subject.connector.settings]
    if len(set(names)) != len(names):
        yield "two settings have one name"
    for setting in subject.connector.settings:
        if not _NAME.fullmatch(setting.name):
            yield f"the setting {setting.name!r} is not of the form a_name1"
        if not setting.label[:1].isupper():
            yield f"the setting {setting.name} has no label that starts with a capital"
        if len(setting.help) < 15:
            yield f"the setting {setting.name} has no help that says where to find it"
        text = subject.access.text(setting.name)
        if subject.folder is None or not (text or setting.required):
            continue
        if not re.fullmatch(setting.pattern or ".+", text):
            yield f"vendor.json holds no {setting.name} that fits its pattern"


def its_webhooks_are_signed_and_named(subject: Subject) -> Iterator[str]:
    connector = subject.connector
    parts = {
        "parse": connector.parse,
        "signature": connector.signature,
        "delivery_id": connector.delivery_id,
    }
    missing = [name for name, part in parts.items() if part is None]
    if missing == ["signature", "delivery_id"] and connector.listing is not None:
        return  # only its own polls bring what it parses: nothing can arrive from outside
    if missing and len(missing) < len(parts):
        yield f"it takes webhooks, but declares no {' and no '.join(missing)}"
    if connector.signature is not None and not connector.webhook_secrets:
        yield "it checks a signature, but has no setting webhook_secret"
    if any(not setting.secret for setting in connector.webhook_secrets):
        yield "its webhook_secret is not declared secret"
    named = {setting.named_by for setting in connector.webhook_secrets} - {""}
    if named - {setting.name for setting in connector.settings}:
        yield "the id of a webhook secret has no setting"


def every_verb_declares_its_class(subject: Subject) -> Iterator[str]:
    connector = subject.connector
    for kind, verb in connector.verbs.items():
        if verb.once not in tuple(Once):
            yield f"{kind.__name__} is of no class A to D"
    if not (connector.verbs or connector.reads or connector.parse or connector.notice):
        yield "it neither acts nor reads nor listens nor tells"
    if connector.address and connector.address not in {s.name for s in connector.settings}:
        yield "its address is no setting of its own"
    if connector.signature is not None and not connector.reads:
        yield "it takes webhooks, but reads no record"
    if connector.parse is not None and connector.listing is None:
        yield "it takes webhooks, but cannot list what a lost one would have said"
