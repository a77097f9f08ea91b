"""The API's front door: key, version, idempotency, parameters, handler, answer."""

import asyncio
import copy
import hmac
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import StripeRefusal, no_access
from tricord.sandbox.stripe.events import Cause
from tricord.sandbox.stripe.kinds import API_VERSION, SPOKEN_VERSIONS, Json
from tricord.sandbox.stripe.wire import forms
from tricord.sandbox.stripe.wire.access import given_key, masked
from tricord.sandbox.stripe.wire.calls import Call, Endpoint
from tricord.sandbox.stripe.wire.expanding import expand
from tricord.sandbox.stripe.wire.idempotency import Answered, Asked, Keys


@dataclass(slots=True)
class FrontDoor:
    """Serves every endpoint of one account. `latency_seconds` is how long a request runs."""

    account: Account
    api_key: str
    endpoints: Sequence[Endpoint]
    keys: Keys = field(default_factory=Keys)
    calls: Counter[str] = field(default_factory=Counter)
    latency_seconds: float = 0.0

    async def __call__(self, request: Request) -> Response:
        request_id = f"req_{self.account.request_mint.token(14)}"
        self.account.called_url = str(request.base_url).rstrip("/")
        body = (await request.body()).decode()
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
        try:
            self._check_access(request)
            status, answer, more = await self._answer(request, body, request_id)
        except StripeRefusal as refusal:
            status, answer, more = refusal.status, refusal.body, {}
            answer["error"]["request_log_url"] = (
                f"https://dashboard.stripe.com/{self.account.id}/test/workbench/logs"
                f"?object={request_id}"
            )
        if status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="Stripe"'
        return Response(
            json.dumps(answer, indent=2, ensure_ascii=False),
            status_code=status,
            headers={**headers, **more},
            media_type="application/json",
        )

    def _check_access(self, request: Request) -> None:
        given = given_key(request.headers.get("authorization"))
        if given is None:
            message = (
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_KEY')."
            )
            raise StripeRefusal(401, message, executed=False)
        if not hmac.compare_digest(given.encode(), self.api_key.encode()):
            raise StripeRefusal(401, f"Invalid API Key provided: {masked(given)}", executed=False)
        acting_for = request.headers.get("stripe-account", self.account.id)
        if acting_for != self.account.id:
            raise no_access(acting_for, masked(given))
        version = request.headers.get("stripe-version", API_VERSION)
        if version not in SPOKEN_VERSIONS:
            message = f"Invalid Stripe API version: {version}. The sandbox speaks {API_VERSION}."
            raise StripeRefusal(400, message, executed=False)

    async def _answer(
        self, request: Request, body: str, request_id: str
    ) -> tuple[int, Json, dict[str, str]]:
        endpoint, ids = self._find(request.method, request.url.path)
        self.calls[endpoint.name] += 1
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            status, answer = await self._run(endpoint, ids, request, body, Cause(request_id))
            return status, answer, {}
        asked = Asked(request.url.path, json.dumps(forms.parse(body), sort_keys=True))
        kept = self.keys.begin(key, asked, self.account.clock_time())
        headers = {"Idempotency-Key": key, "Original-Request": request_id}
        if kept is not None:
            headers["Original-Request"] = kept.request_id
            return kept.status, copy.deepcopy(kept.body), {**headers, "Idempotent-Replayed": "true"}
        try:
            status, answer = await self._run(endpoint, ids, request, body, Cause(request_id, key))
            self.keys.keep(key, Answered(status, copy.deepcopy(answer), request_id))
        except StripeRefusal as refusal:
            if refusal.executed:
                self.keys.keep(key, Answered(refusal.status, refusal.body, request_id))
            raise
        finally:
            self.keys.release(key)
        return status, answer, headers

    def _find(self, method: str, path: str) -> tuple[Endpoint, tuple[str, ...]]:
        parts = path.strip("/").split("/")
        for endpoint in self.endpoints:
            ids = endpoint.match(method, parts)
            if ids is not None:
                return endpoint, ids
        raise StripeRefusal(
            404,
            f"Unrecognized request URL ({method}: {path}). If you are trying to list objects, "
            "remove the trailing slash. If you are trying to retrieve an object, make sure you "
            "passed a valid (non-empty) identifier in your code. The sandbox has only a part of "
            "Stripe's API.",
            executed=False,
        )

    async def _run(
        self, endpoint: Endpoint, ids: tuple[str, ...], request: Request, body: str, cause: Cause
    ) -> tuple[int, Json]:
        raw = forms.parse(request.url.query)
        if request.method == "POST" and body:
            raw.update(forms.parse(body))
        params = endpoint.shape.read(raw)
        paths = params.pop("expand", [])
        if self.latency_seconds:
            await asyncio.sleep(self.latency_seconds)
        self.account.cause = cause
        try:
            call = Call(path=request.url.path, params=params, ids=ids)
            answer = endpoint.handler(self.account, call)
            return 200, expand(self.account, answer, paths)
        finally:
            self.account.cause = Cause()
