"""Access to an account: the private app's token, and OAuth tokens that last half an hour."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tricord.sandbox.hubspot.crm.refusals import Refusal

LASTING = timedelta(minutes=30)
SCOPES = [
    "oauth",
    *(
        f"crm.objects.{kind}.{verb}"
        for kind in ("contacts", "companies", "deals", "invoices", "line_items")
        for verb in ("read", "write")
    ),
    "crm.objects.owners.read",
]


class Tokens:
    """`token` never expires; `refresh_token` and `new_code` start the OAuth way."""

    def __init__(self, clock: Callable[[], datetime], dice: random.Random) -> None:
        self._clock = clock
        self._dice = dice
        self.token = f"pat-na1-{self._uuid()}"
        self.client_id = self._uuid()
        self.client_secret = self._uuid()
        self.developer_key = f"na1dev-{self._uuid()}"
        self.refresh_token = f"na1-{self._uuid()}"
        self._codes: set[str] = set()
        self._access: dict[str, datetime] = {}

    def new_code(self) -> str:
        """The code a person's consent is worth, once."""
        code = f"na1-{self._uuid()}"
        self._codes.add(code)
        return code

    def check(self, authorization: str | None) -> None:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized(
                "Authentication credentials not found. This API supports OAuth 2.0 authentication "
                "and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
            )
        if token == self.token:
            return
        until = self._access.get(token)
        if until is None:
            raise _unauthorized(
                "Authentication credentials not found. This access token is not known here"
            )
        late = self._clock() - until
        if late >= timedelta(0):
            raise _unauthorized(
                f"The OAuth token used to make this call expired {int(late.total_seconds())} "
                "second(s) ago.",
                category="EXPIRED_AUTHENTICATION",
            )

    def grant(self, form: dict[str, str]) -> dict[str, Any]:
        """Answers a token request: what `refresh_token` or `authorization_code` buys."""
        if (form.get("client_id"), form.get("client_secret")) != (
            self.client_id,
            self.client_secret,
        ):
            raise _refused_grant("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
        match form.get("grant_type"):
            case "refresh_token" if form.get("refresh_token") == self.refresh_token:
                return self._new_access()
            case "refresh_token":
                raise _refused_grant(
                    "invalid_grant", "BAD_REFRESH_TOKEN", "missing or invalid refresh token"
                )
            case "authorization_code" if form.get("code") in self._codes:
                self._codes.discard(form["code"])
                return self._new_access()
            case "authorization_code":
                raise _refused_grant(
                    "invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code"
                )
            case _:
                raise _refused_grant(
                    "unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type"
                )

    def seconds_left(self, token: str) -> int | None:
        until = self._access.get(token)
        return None if until is None else int((until - self._clock()).total_seconds())

    def _new_access(self) -> dict[str, Any]:
        token = f"CN{self._dice.getrandbits(192):048x}"
        self._access[token] = self._clock() + LASTING
        return {
            "token_type": "bearer",
            "access_token": token,
            "refresh_token": self.refresh_token,
            "expires_in": int(LASTING.total_seconds()),
        }

    def _uuid(self) -> str:
        digits = f"{self._dice.getrandbits(128):032x}"
        return "-".join(digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))


def _unauthorized(message: str, category: str = "INVALID_AUTHENTICATION") -> Refusal:
    return Refusal(status=401, message=message, category=category)


def _refused_grant(error: str, status: str, message: str) -> Refusal:
    # OAuth's own body: `status` is a word here, and `error` stands beside it.
    extra = {"error": error, "error_description": message, "status": status}
    return Refusal(status=400, message=message, extra=extra)
