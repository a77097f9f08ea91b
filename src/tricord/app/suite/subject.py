"""A connector under test with its recorded cases, read from one folder of plain files.

`vendor.json` holds settings to try with and the vendor's answer to a list of nothing; `signer.py`
signs as the vendor does, written without our own schemes; `samples/` holds deliveries, each with a
`body` in JSON, a `form`, a `text`, or a `file` beside it that is none of these; `talks/` holds
recorded conversations.
"""

import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tricord.app.suite.exemplars import NOW
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName, Instant
from tricord.sdk.connector import Access, Connector
from tricord.sdk.secret import Secret
from tricord.sdk.talk import Response

Json = dict[str, Any]
Sign = Callable[[str, str, str, bytes, Instant], Mapping[str, str]]
"""(secret, method, url, body, at) -> headers of a delivery, as the vendor would send them."""

HOOK_URL = "https://hub.example/hooks/vendor?a=1%2C2"


class CasesUnreadable(Exception):
    """A file of recorded cases is not what the suite can read; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One delivery, and what it must become."""

    name: str
    body: bytes
    gives: list[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request as it must be made, and the answer to it. `asks` of None leaves it open."""

    asks: Json | None
    answer: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One conversation. One of `do`, `tell`, `read`, `list`, `page`, `probe` says what it is about.

    `recorded_on` is the day it was held with the vendor's own sandbox, "" for one made by hand.
    """

    name: str
    file: str
    given: Json
    exchanges: tuple[Exchange, ...]
    outcome: Json
    recorded_on: str = ""

    @property
    def verb(self) -> str:
        return str(self.given.get("do", ""))

    @property
    def done(self) -> bool:
        return "done" in self.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    connector: Connector
    access: Access
    folder: Path | None = None
    empty: bytes = b"{}"
    samples: tuple[Sample, ...] = ()
    talks: tuple[Recorded, ...] = ()
    sign: Sign | None = None
    now: Instant = field(default=NOW)

    @property
    def json_samples(self) -> bool:
        """Whether its deliveries are JSON; a mailbox brings mails."""
        return all(sample.body[:1] in b"{[" for sample in self.samples)

    def delivery(
        self, body: bytes, headers: Mapping[str, str], received_at: Instant | None = None
    ) -> Delivery:
        return Delivery(
            connection=self.access.connection,
            body=body,
            received_at=received_at or self.now,
            url=HOOK_URL,
            headers={name.lower(): value for name, value in headers.items()},
        )


def subject_of(connector: Connector, folder: Path | None) -> Subject:
    """The connector with the cases in `folder`. Raises CasesUnreadable for a file that is wrong."""
    if folder is None:
        return Subject(connector=connector, access=_access(connector, {}))
    vendor = _object(folder / "vendor.json")
    return Subject(
        connector=connector,
        access=_access(connector, vendor),
        folder=folder,
        empty=json.dumps(vendor.get("empty", {})).encode(),
        samples=tuple(_sample(path) for path in sorted(folder.glob("samples/*.json"))),
        talks=tuple(_recorded(path) for path in sorted(folder.glob("talks/*.json"))),
        sign=_signer(folder / "signer.py"),
    )


def _access(connector: Connector, vendor: Json) -> Access:
    given = vendor.get("settings", {})
    settings: dict[str, Secret | str] = {}
    for setting in connector.settings:
        text = str(given.get(setting.name, "" if vendor else f"made-up-{setting.name}"))
        settings[setting.name] = Secret(text) if setting.secret else text
    return Access(
        connection=ConnectionName(connector.name),
        settings=settings,
        fields=tuple((ours, theirs) for ours, theirs in vendor.get("fields", {}).items()),
        hook_url=HOOK_URL if connector.signature else "",
    )


def _sample(path: Path) -> Sample:
    held = _object(path)
    try:
        return Sample(name=held["name"], body=_body(path, held), gives=held["gives"])
    except KeyError as error:
        raise CasesUnreadable(f"{path}: {error} is missing") from error


def _body(path: Path, held: Json) -> bytes:
    if "file" in held:
        try:
            return (path.parent / str(held["file"])).read_bytes()
        except OSError as error:
            raise CasesUnreadable(f"{path}: {held['file']} cannot be read") from error
    if "form" in held:
        return urlencode(held["form"]).encode()
    text = held["text"] if "text" in held else json.dumps(held["body"], ensure_ascii=False)
    return str(text).encode()


def _recorded(path: Path) -> Recorded:
    held = _object(path)
    try:
        exchanges = tuple(
            Exchange(asks=step.get("request"), answer=_answer(step["response"]))
            for step in held["steps"]
        )
        return Recorded(
            name=held["name"],
            file=f"talks/{path.name}",
            given=held["given"],
            exchanges=exchanges,
            outcome=held["outcome"],
            recorded_on=held.get("recorded_on", ""),
        )
    except KeyError as error:
        raise CasesUnreadable(f"{path}: {error} is missing") from error


def _answer(held: Json) -> Response:
    body = json.dumps(held["json"], ensure_ascii=False) if "json" in held else held.get("text", "")
    return Response(
        status=held["status"],
        headers={name.lower(): value for name, value in held.get("headers", {}).items()},
        body=body.encode(),
    )


def _object(path: Path) -> Json:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CasesUnreadable(f"{path}: cannot be read") from error
    except ValueError as error:
        raise CasesUnreadable(f"{path}: not JSON ({error})") from error
    if not isinstance(found, dict):
        raise CasesUnreadable(f"{path}: not an object")
    return found


def _signer(path: Path) -> Sign | None:
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location(f"signer_of_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise CasesUnreadable(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sign: Sign = module.sign
    return sign
