"""The front door: credentials, limits and ordered trouble before any path is looked at."""

import base64
import binascii
import hmac
import json
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from tricord.sandbox.twilio.api.calls import Ask
from tricord.sandbox.twilio.api.routes import Row, rows
from tricord.sandbox.twilio.line.account import API_VERSION, Account
from tricord.sandbox.twilio.line.refusals import Refusal, not_found


@dataclass(slots=True)
class Trouble:
    """Bad weather to order. `lose` does what is asked and answers with `status` all the same."""

    status: int
    times: int
    lose: bool = False


@dataclass(slots=True)
class Door:
    """`requests_per_second` None lets everything through."""

    account: Account
    calls: Counter[str] = field(default_factory=Counter)
    requests_per_second: int | None = None
    trouble: Trouble | None = None
    _rows: tuple[Row, ...] = field(default_factory=rows)
    _recent: deque[datetime] = field(default_factory=deque)

    async def answer(self, request: Request) -> Response:
        self.account.pass_time()
        headers = {"Twilio-Request-Id": self.account.new_sid("RQ")}
        try:
            self._admit(request)
            status, body = await self._answer(request)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body()
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
        if isinstance(body, bytes):
            return Response(body, status, headers, media_type="audio/x-wav")
        content = "" if body is None else json.dumps(body, ensure_ascii=False)
        return Response(content, status, headers, media_type="application/json")

    def _admit(self, request: Request) -> None:
        if not self._known(request.headers.get("authorization", "")):
            raise Refusal(401, 20003, "Authenticate")
        most, now = self.requests_per_second, self.account.now()
        while self._recent and self._recent[0] <= now - timedelta(seconds=1):
            self._recent.popleft()
        if most is not None and len(self._recent) >= most:
            raise Refusal(429, 20429, "Too Many Requests")
        self._recent.append(now)

    def _known(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        pairs = {self.account.sid: self.account.auth_token, **self.account.api_keys}
        matches = [
            hmac.compare_digest(given, f"{user}:{password}".encode())
            for user, password in pairs.items()
        ]
        return scheme.lower() == "basic" and any(matches)

    async def _answer(self, request: Request) -> tuple[int, Any]:
        row, sid = self._find(request.method, request.url.path)
        self.calls[f"{row.method} {row.path.replace('{}', '{Sid}')}"] += 1
        ask = Ask(
            path=request.url.path,
            base_url=str(request.base_url).rstrip("/"),
            sid=sid,
            query=tuple(parse_qsl(request.url.query, keep_blank_values=True)),
            form=tuple(parse_qsl((await request.body()).decode(), keep_blank_values=True)),
        )
        self._stormy(lose=False)
        answer = row.does(self.account, ask)
        self._stormy(lose=True)
        return answer

    def _find(self, method: str, path: str) -> tuple[Row, str]:
        home = f"/{API_VERSION}/Accounts/{self.account.sid}"
        if not path.startswith(home):
            raise not_found(path)
        rest = path.removeprefix(home)
        others = False
        for row in self._rows:
            head, marked, tail = row.path.partition("{}")
            fits = rest == row.path if not marked else _between(rest, head, tail) != ""
            if fits and row.method == method:
                return row, _between(rest, head, tail) if marked else ""
            others = others or fits
        if others:
            raise Refusal(405, 20004, "Method not allowed")
        raise not_found(path)

    def _stormy(self, *, lose: bool) -> None:
        trouble = self.trouble
        if trouble is None or trouble.lose != lose:
            return
        trouble.times -= 1
        if trouble.times <= 0:
            self.trouble = None
        code = 20429 if trouble.status == 429 else 20500
        raise Refusal(trouble.status, code, "Ordered trouble")


def _between(text: str, head: str, tail: str) -> str:
    """What stands between two texts where one SID may stand; "" where they do not fit."""
    if not (text.startswith(head) and text.endswith(tail)):
        return ""
    middle = text[len(head) : len(text) - len(tail)]
    return middle if "/" not in middle and "." not in middle else ""
