"""Signing by Standard Webhooks: `v1` with a shared secret, `v1a` with a private key, or both."""

import base64
import binascii
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tricord.sdk.errors import AccessLost

_SHARED, _PRIVATE = "whsec_", "whsk_"
_SEED_BYTES = 32
_LEAST_BYTES = 24


def signatures(secrets: str, message_id: str, at: int, body: bytes) -> str:
    """One signature for each secret, with a blank between; secrets are separated by commas.

    Raises AccessLost for a secret that is none, without telling it.
    """
    message = f"{message_id}.{at}.".encode() + body
    return " ".join(_signature(part.strip(), message) for part in secrets.split(",") if part)


def _signature(secret: str, message: bytes) -> str:
    if secret.startswith(_PRIVATE):
        raw = _raw(secret.removeprefix(_PRIVATE))
        if len(raw) not in (_SEED_BYTES, 2 * _SEED_BYTES):
            raise AccessLost("a secret that starts with whsk_ is no ed25519 key")
        # Some tools keep the public key behind the seed.
        signed = Ed25519PrivateKey.from_private_bytes(raw[:_SEED_BYTES]).sign(message)
        return f"v1a,{base64.b64encode(signed).decode()}"
    raw = _raw(secret.removeprefix(_SHARED))
    if not secret.startswith(_SHARED) or len(raw) < _LEAST_BYTES:
        raise AccessLost("a secret must be whsec_ and at least 24 bytes in base64")
    return f"v1,{base64.b64encode(hmac.new(raw, message, hashlib.sha256).digest()).decode()}"


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise AccessLost("a secret is not written in base64") from None
