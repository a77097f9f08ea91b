"""OAuth 2.0 at a vendor, declared: where consent is given and tokens are bought. No I/O.

Authorization code with PKCE (RFC 6749, section 4.1; RFC 7636, S256 alone) and refresh (RFC 6749,
section 6). A token endpoint answers 400 with `invalid_grant` when consent is gone (section 5.2).
"""

import base64
import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from tricord.core.grants import Grant
from tricord.core.ids import Instant
from tricord.sdk.errors import AccessLost, Refused
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Request, Response, Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """`consent_url` is where a person's browser goes; `token_path` is on the connection's host.

    `refresh_days` is how long a refresh token lives unused, where the vendor says so.
    """

    consent_url: str
    token_path: str
    scopes: tuple[str, ...]
    refresh_days: int | None = None


Buying = Generator[Wire, Response, Grant]


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def consent_address(
    oauth: OAuth, consent_url: str, client_id: str, redirect_uri: str, state: str, verifier: str
) -> str:
    """Where a person says yes. `state` comes back with the code and must be the same."""
    query = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", redirect_uri),
        ("scope", " ".join(oauth.scopes)),
        ("state", state),
        ("code_challenge", challenge_of(verifier)),
        ("code_challenge_method", "S256"),
    ]
    return f"{consent_url}?{urlencode(query)}"


def buy(
    oauth: OAuth, client: tuple[str, str], code: str, redirect_uri: str, verifier: str, at: Instant
) -> Buying:
    """The first grant, for the code that consent has brought."""
    pairs = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ]
    answer = yield _ask(oauth, client, pairs)
    return _grant(oauth, answer, at, None)


def renew(oauth: OAuth, client: tuple[str, str], grant: Grant, at: Instant) -> Buying:
    """The next grant. Vendors that rotate refresh tokens send a new one; others keep the old."""
    pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", grant.refresh_token),
    ]
    answer = yield _ask(oauth, client, pairs)
    return _grant(oauth, answer, at, grant)


def _ask(oauth: OAuth, client: tuple[str, str], pairs: Sequence[tuple[str, str]]) -> Request:
    body = [*pairs, ("client_id", client[0]), ("client_secret", client[1])]
    return Request(
        method="POST",
        path=oauth.token_path,
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        body=urlencode(body).encode(),
        bucket="oauth",
        expected=(200, 400, 401),
    )


def _grant(oauth: OAuth, answer: Response, at: Instant, before: Grant | None) -> Grant:
    if answer.status != 200:
        raise _refusal(answer)
    read = answer.read
    life = timedelta(seconds=max(1, read.integer("expires_in")))
    given = read.text_or("refresh_token")
    if not given and before is None:
        raise Refused("the vendor gave no refresh token: its app must ask for offline access")
    renewed = bool(given) and (before is None or given != before.refresh_token)
    until = before.refresh_until if before else None
    if oauth.refresh_days is not None and (renewed or before is None):
        until = at + timedelta(days=oauth.refresh_days)
    kept = given or (before.refresh_token if before else "")
    return Grant(
        access_token=read.text("access_token"),
        refresh_token=kept,
        obtained_at=at,
        expires_at=at + life,
        refresh_until=until,
        scopes=_scopes(read) or oauth.scopes,
    )


def _scopes(read: Reader) -> tuple[str, ...]:
    text = read.value.get("scope")
    return tuple(text.split()) if isinstance(text, str) else read.ids("scopes")


def _refusal(answer: Response) -> AccessLost | Refused:
    """The error code alone is told: descriptions may quote what was sent."""
    try:
        code = answer.read.text_or("error")
    except Exception:  # an error page is no reason to fail otherwise
        code = ""
    if code in ("invalid_grant", "invalid_client", "unauthorized_client"):
        return AccessLost(f"the token endpoint says {code}")
    return Refused(f"the token endpoint refused: HTTP {answer.status}")
