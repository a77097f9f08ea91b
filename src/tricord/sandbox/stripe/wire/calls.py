"""One API call as a handler sees it, and one endpoint as it is declared."""

from collections.abc import Callable
from dataclasses import dataclass

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`params` have been read by the endpoint's shape; `ids` are the path's, in order."""

    path: str
    params: Json
    ids: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.ids[0]


Handler = Callable[[Account, Call], Json]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`path` is written with `{}` where an id stands."""

    method: str
    path: str
    handler: Handler
    shape: Shape

    @property
    def name(self) -> str:
        return f"{self.method} {self.path.replace('{}', '{id}')}"

    def match(self, method: str, parts: list[str]) -> tuple[str, ...] | None:
        mine = self.path.strip("/").split("/")
        if method != self.method or len(mine) != len(parts):
            return None
        pairs = list(zip(mine, parts, strict=True))
        if any(own not in ("{}", given) for own, given in pairs):
            return None
        return tuple(given for own, given in pairs if own == "{}")
