"""What the webhook connector signs, judged by the specification's vectors and its library."""

import base64
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from tricord.connectors.webhook.sign import signatures
from tricord.sdk.errors import AccessLost

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLDER = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
AT = 1_793_633_400


@given(body=st.text(st.characters(exclude_categories=["Cs"])), seed=st.binary(min_size=24))
def test_the_library_finds_its_own_signature(body: str, seed: bytes) -> None:
    secret = "whsec_" + base64.b64encode(seed).decode()
    ours = signatures(secret, "msg_1", AT, body.encode())
    assert ours == Webhook(secret).sign("msg_1", datetime.fromtimestamp(AT, UTC), body)


def test_the_vectors_of_the_specification_come_out() -> None:
    folder = os.environ.get("TRICORD_SPECS")
    if folder is None:
        pytest.skip("TRICORD_SPECS names no folder of specifications")
    path = Path(folder) / "standard-webhooks" / "test-vectors.json"
    vectors = json.loads(path.read_text())["vectors"]
    assert vectors
    for one in vectors:
        found = signatures(one["secret"], one["msg_id"], one["timestamp"], one["payload"].encode())
        assert found == one["signature"], one["name"]


def test_two_live_secrets_make_two_signatures_and_either_is_enough() -> None:
    ours = signatures(f"{SECRET}, {OLDER}", "msg_1", AT, b"{}").split(" ")
    assert ours == [signatures(one, "msg_1", AT, b"{}") for one in (SECRET, OLDER)]


@pytest.mark.parametrize("with_public", [False, True])
def test_a_private_key_makes_a_signature_that_its_public_key_knows(with_public: bool) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    raw = key.private_bytes_raw() + (public if with_public else b"")
    version, _, text = signatures(
        "whsk_" + base64.b64encode(raw).decode(), "msg_1", AT, b"{}"
    ).partition(",")
    assert version == "v1a"
    signed = f"msg_1.{AT}.{{}}".encode()
    key.public_key().verify(base64.b64decode(text), signed)
    with pytest.raises(InvalidSignature):
        key.public_key().verify(base64.b64decode(text), signed + b" ")


@pytest.mark.parametrize(
    "secret", ["plain", "whsec_", "whsec_short", "whsec_!!!!", "whsk_AAAA", "whsk_", SECRET[6:]]
)
def test_a_secret_that_is_none_is_lost_access_and_not_told(secret: str) -> None:
    with pytest.raises(AccessLost) as told:
        signatures(secret, "msg_1", AT, b"{}")
    assert secret.removeprefix("whsec_").removeprefix("whsk_") not in told.value.detail or (
        len(secret) < 7
    )
