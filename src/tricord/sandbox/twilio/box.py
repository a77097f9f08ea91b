"""Twilio as one box: an account with a number, its interface, and the phones of its clients."""

import asyncio
import contextlib
import dataclasses
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tricord.sandbox.box import Settings
from tricord.sandbox.control import control_routes
from tricord.sandbox.outbox import Outbox
from tricord.sandbox.twilio.api.door import Door, Trouble
from tricord.sandbox.twilio.line import shapes
from tricord.sandbox.twilio.line.account import FIRST_NUMBER, Account
from tricord.sandbox.twilio.line.hooks import ALGORITHMS, Hooks
from tricord.sandbox.twilio.line.values import sid
from tricord.sandbox.twilio.page.desk import Desk
from tricord.sandbox.twilio.page.views import Views

_TICK_SECONDS = 0.05


class TwilioBox:
    """A `Box`. Its switches are settings at `POST /_sandbox/twilio`."""

    name = "twilio"
    title = "Twilio"

    def __init__(self, settings: Settings) -> None:
        self.outbox = Outbox()
        self.account = _open(settings, self.outbox)
        self.door = Door(self.account)
        self._ticking: asyncio.Task[None] | None = None
        self.app = Starlette(
            routes=[
                Route("/2010-04-01/{path:path}", self._api, methods=["GET", "POST", "DELETE"]),
                Route("/_sandbox/twilio", self._switches, methods=["POST"]),
                *control_routes(self.outbox, self.state),
                *Desk(self.account).routes(),
                *Views(self.account).routes(),
            ]
        )

    @property
    def credentials(self) -> dict[str, str]:
        (key_sid, key_secret), *_ = self.account.api_keys.items()
        return {
            "account_sid": self.account.sid,
            "auth_token": self.account.auth_token,
            "sender": next(iter(self.account.numbers.values())).phone_number,
            "api_key_sid": key_sid,
            "api_key_secret": key_secret,
            "shared_key_id": self.account.hooks.shared_key_id,
            "shared_secret": self.account.hooks.shared_secret,
        }

    def listen(self, hook_url: str) -> None:
        """Have every number tell of its messages and calls there, as a firm sets it up by hand."""
        for number in self.account.numbers.values():
            number.sms_url = number.status_callback = hook_url

    def state(self) -> dict[str, Any]:
        account = self.account
        account.pass_time()
        return {
            "messages": [shapes.message(account, one) for one in account.messages.values()],
            "calls": [shapes.call(account, one) for one in account.calls.values()],
            "recordings": [shapes.recording(account, r, "") for r in account.recordings.values()],
            "numbers": [shapes.number(account, one) for one in account.numbers.values()],
            "opted_out": sorted(list(pair) for pair in account.carrier.opted_out),
            "phones": {
                number: dataclasses.asdict(phone)
                for number, phone in sorted(account.carrier.phones.items())
            },
            "calls_made": {
                "total": self.door.calls.total(),
                "by_route": dict(sorted(self.door.calls.items())),
            },
        }

    async def start(self, host: str, port: int) -> None:  # noqa: ARG002 - nothing but HTTP here
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking

    async def _tick(self) -> None:
        while True:
            self.account.pass_time()
            await asyncio.sleep(_TICK_SECONDS)

    async def _api(self, request: Request) -> Response:
        return await self.door.answer(request)

    async def _switches(self, request: Request) -> Response:
        wanted = await request.json()
        known = {"algorithm", "step_seconds", "requests_per_second", "trouble", "hook_url"}
        if unknown := set(wanted) - known:
            message = f"unknown settings: {sorted(unknown)}"
            return JSONResponse({"error": message}, status_code=400)
        if wanted.get("algorithm", "") not in ("", *ALGORITHMS):
            message = f"algorithm is one of: {', '.join(ALGORITHMS)}, or empty for the Auth Token"
            return JSONResponse({"error": message}, status_code=400)
        self.account.hooks.algorithm = wanted.get("algorithm", self.account.hooks.algorithm)
        self.account.step_seconds = float(wanted.get("step_seconds", self.account.step_seconds))
        if "requests_per_second" in wanted:
            self.door.requests_per_second = wanted["requests_per_second"]
        if "trouble" in wanted:
            self.door.trouble = Trouble(**wanted["trouble"]) if wanted["trouble"] else None
        if "hook_url" in wanted:
            self.listen(wanted["hook_url"])
        return JSONResponse(
            {
                "algorithm": self.account.hooks.algorithm,
                "step_seconds": self.account.step_seconds,
                "requests_per_second": self.door.requests_per_second,
            }
        )


def _open(settings: Settings, outbox: Outbox) -> Account:
    dice = settings.dice
    hooks = Hooks(
        outbox=outbox,
        dice=dice,
        auth_token=f"{dice.getrandbits(128):032x}",
        shared_key_id=f"webhooks_sharedkey_{dice.getrandbits(96):024x}",
        shared_secret=f"{dice.getrandbits(256):064x}",
    )
    account = Account(
        clock=settings.clock,
        dice=dice,
        hooks=hooks,
        sid=sid("AC", dice),
        auth_token=hooks.auth_token,
        api_keys={sid("SK", dice): f"{dice.getrandbits(128):032x}"},
        messaging_service_sid=sid("MG", dice),
    )
    number = account.buy_number(FIRST_NUMBER)
    number.sms_url = number.status_callback = settings.hook_url or ""
    return account
