"""Sealing: personal data is encrypted per account, searched by blind index, erased with its key.

AES-256-GCM with random 96-bit nonces. The firm's key wraps each account's key and never encrypts
data itself; derived keys (HKDF) seal what has no account yet and make the blind indexes. What a
value belongs to is bound in as associated data, so a value moved to another row does not open.
"""

import hashlib
import hmac
import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"


class KeyWrong(Exception):
    """The key file does not fit this database. Put the right key back; nothing was changed."""


class SealBroken(Exception):
    """A sealed value does not open: it was altered, or moved from another row."""


def new_key_file(path: Path) -> None:
    """Write a fresh firm's key that only its owner can read. Never overwrites one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(os.urandom(KEY_BYTES).hex() + "\n")


def read_key_file(path: Path) -> bytes:
    """The firm's key. Raises KeyWrong when others may read the file or it holds no key."""
    if path.stat().st_mode & 0o077:
        raise KeyWrong(f"{path} can be read by others; run: chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyWrong(f"{path} holds no key; put the key back that this home was made with")
    return key


def seal(key: bytes, plain: bytes, about: str) -> bytes:
    """`plain` sealed for `about`, which must be given again to open it."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORMAT + nonce + _cipher(key).encrypt(nonce, plain, about.encode())


def unseal(key: bytes, sealed: bytes, about: str) -> bytes:
    """Raises SealBroken when the value was altered or belongs elsewhere."""
    nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if sealed[:1] != _FORMAT:
        raise SealBroken(f"{about}: unknown format")
    try:
        return _cipher(key).decrypt(nonce, rest, about.encode())
    except (InvalidTag, ValueError):
        raise SealBroken(about) from None


class Keyring:
    """The firm's key and what is derived from it. Prints nothing of them."""

    __slots__ = ("_index", "_wrap", "common")

    def __init__(self, firm_key: bytes) -> None:
        self._wrap = _derive(firm_key, b"wrap")
        self._index = _derive(firm_key, b"blind index")
        self.common = _derive(firm_key, b"common")

    def __repr__(self) -> str:
        return "Keyring(***)"

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without telling them."""
        return hashlib.sha256(b"fingerprint" + self._wrap).hexdigest()[:16]

    def new_account_key(self, account: str) -> bytes:
        """A fresh key for one account, wrapped."""
        return seal(self._wrap, os.urandom(KEY_BYTES), f"account-key|{account}")

    def account_key(self, account: str, wrapped: bytes) -> bytes:
        return unseal(self._wrap, wrapped, f"account-key|{account}")

    def blind(self, field: str, value: str) -> str | None:
        """What an address, a number, a client's own domain or a message id is found by.

        None for an empty one. Nothing else may have a blind index: of values that are few or can
        be guessed, such as names, even hashes tell too much.
        """
        if field not in ("email", "phone", "domain", "message"):
            raise ValueError(f"{field} must not have a blind index: its values could be guessed")
        if not value:
            return None
        message = f"{field}|{value.strip().lower()}".encode()
        return hmac.new(self._index, message, hashlib.sha256).hexdigest()[:40]


@lru_cache(maxsize=4096)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def _derive(key: bytes, purpose: bytes) -> bytes:
    info = b"tricord " + purpose
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)
