"""Access to an account: the private app's token, and OAuth tokens that last half an hour."""

import base64
import hashlib
import hmac
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tricord.sandbox.faults.fault import FaultKind
from tricord.sandbox.faults.faults import Faults
from tricord.sandbox.hubspot.crm.refusals import Refusal
from tricord.sandbox.hubspot.crm.values import moment

LASTING = timedelta(minutes=30)
CODE_LASTING = timedelta(minutes=10)
SCOPES = [
    "oauth",
    *(
        f"crm.objects.{kind}.{verb}"
        for kind in ("contacts", "companies", "deals", "invoices", "line_items")
        for verb in ("read", "write")
    ),
    "crm.objects.owners.read",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person agreed to. `challenge` is the S256 one of PKCE, where the app sent one."""

    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str | None
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What an access token opens, and until when."""

    scopes: tuple[str, ...]
    until: datetime


class Tokens:
    """`token` never expires; `refresh_token` and `new_code` start the OAuth way.

    `redirect_uris` are the app's registered ones; an app that has registered none may use any.
    """

    def __init__(self, clock: Callable[[], datetime], dice: random.Random, faults: Faults) -> None:
        self._clock = clock
        self._dice = dice
        self._faults = faults
        self.token = f"pat-na1-{self._uuid()}"
        self.client_id = self._uuid()
        self.client_secret = self._uuid()
        self.developer_key = f"na1dev-{self._uuid()}"
        self.refresh_token = f"na1-{self._uuid()}"
        self.redirect_uris: list[str] = []
        self._codes: dict[str, Consent] = {}
        self._refresh: dict[str, tuple[str, ...]] = {self.refresh_token: tuple(SCOPES)}
        self._access: dict[str, Access] = {}

    def new_code(
        self, redirect_uri: str, scopes: Sequence[str] = SCOPES, challenge: str | None = None
    ) -> str:
        """The code a person's consent is worth, once and for ten minutes."""
        code = f"na1-{self._uuid()}"
        self._codes[code] = Consent(
            redirect_uri=redirect_uri,
            scopes=tuple(scopes),
            challenge=challenge,
            until=self._clock() + CODE_LASTING,
        )
        return code

    def check(self, authorization: str | None) -> None:
        token = _bearer(authorization)
        if token is None:
            raise _unauthorized(
                "Authentication credentials not found. This API supports OAuth 2.0 authentication "
                "and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
            )
        if token == self.token:
            return
        known = self._access.get(token)
        if known is None:
            raise unknown_token()
        if known.until <= self._clock():
            late = self._clock() - known.until
            raise expired_token(int(late.total_seconds()), known.until)

    def grant(self, form: dict[str, str]) -> dict[str, Any]:
        """Answers a token request: what `refresh_token` or `authorization_code` buys."""
        if (form.get("client_id"), form.get("client_secret")) != (
            self.client_id,
            self.client_secret,
        ):
            raise _refused_grant("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
        match form.get("grant_type"):
            case "refresh_token":
                return self._refreshed(form.get("refresh_token", ""))
            case "authorization_code":
                return self._redeemed(form)
            case _:
                raise _refused_grant(
                    "unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type"
                )

    def access(self, token: str) -> Access | None:
        return self._access.get(token)

    def seconds_left(self, access: Access) -> int:
        return int((access.until - self._clock()).total_seconds())

    def scopes_of_refresh(self, refresh_token: str) -> tuple[str, ...] | None:
        return self._refresh.get(refresh_token)

    def forget(self, refresh_token: str) -> bool:
        """The app gives its access back; access tokens live on until they expire."""
        return self._refresh.pop(refresh_token, None) is not None

    def expire(self, authorization: str | None) -> None:
        """Ends an OAuth access token before its time."""
        token = _bearer(authorization)
        known = self._access.get(token or "")
        if token is not None and known is not None:
            self._access[token] = Access(scopes=known.scopes, until=self._clock())

    def _refreshed(self, given: str) -> dict[str, Any]:
        scopes = self._refresh.get(given)
        if scopes is None:
            raise bad_refresh_token()
        if not self._faults.strike(FaultKind.ROTATED_TOKEN, "POST", "/oauth/token"):
            return self._new_access(scopes, given)
        del self._refresh[given]
        fresh = self._new_refresh(scopes)
        if given == self.refresh_token:
            self.refresh_token = fresh
        return self._new_access(scopes, fresh)

    def _redeemed(self, form: dict[str, str]) -> dict[str, Any]:
        # Whatever comes of it, the code is used up: whoever guesses has one try.
        consent = self._codes.pop(form.get("code", ""), None)
        if consent is None:
            raise _refused_grant("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
        if consent.until <= self._clock():
            raise _refused_grant("invalid_grant", "EXPIRED_AUTH_CODE", "the auth code has expired")
        if form.get("redirect_uri") != consent.redirect_uri:
            raise _refused_grant(
                "invalid_grant",
                "MISMATCH_REDIRECT_URI_AUTH_CODE",
                "redirect uri does not match the one the auth code was made for",
            )
        if consent.challenge is not None and not _answers(
            consent.challenge, form.get("code_verifier", "")
        ):
            raise _refused_grant(
                "invalid_grant", "BAD_CODE_VERIFIER", "missing or invalid code verifier"
            )
        return self._new_access(consent.scopes, self._new_refresh(consent.scopes))

    def _new_refresh(self, scopes: tuple[str, ...]) -> str:
        token = f"na1-{self._uuid()}"
        self._refresh[token] = scopes
        return token

    def _new_access(self, scopes: tuple[str, ...], refresh_token: str) -> dict[str, Any]:
        token = f"CN{self._dice.getrandbits(192):048x}"
        self._access[token] = Access(scopes=scopes, until=self._clock() + LASTING)
        return {
            "token_type": "bearer",
            "access_token": token,
            "refresh_token": refresh_token,
            "expires_in": int(LASTING.total_seconds()),
        }

    def _uuid(self) -> str:
        digits = f"{self._dice.getrandbits(128):032x}"
        return "-".join(digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))


def unknown_token() -> Refusal:
    return _unauthorized(
        "Authentication credentials not found. This access token is not known here"
    )


def expired_token(seconds: int, since: datetime) -> Refusal:
    refusal = _unauthorized(
        f"The OAuth token used to make this call expired {seconds} second(s) ago.",
        category="EXPIRED_AUTHENTICATION",
    )
    refusal.context = {"expire time": [moment(since)]}
    return refusal


def bad_refresh_token() -> Refusal:
    message = "missing or invalid refresh token"
    return _refused_grant("invalid_grant", "BAD_REFRESH_TOKEN", message)


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def _answers(challenge: str, verifier: str) -> bool:
    """Whether this is the verifier behind an S256 challenge (RFC 7636, section 4.6)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(made.encode(), challenge.encode())


def _unauthorized(message: str, category: str = "INVALID_AUTHENTICATION") -> Refusal:
    return Refusal(status=401, message=message, category=category)


def _refused_grant(error: str, status: str, message: str) -> Refusal:
    # OAuth's own body: `status` is a word here, and `error` stands beside it.
    extra = {"error": error, "error_description": message, "status": status}
    return Refusal(status=400, message=message, extra=extra)
