"""Device signatures: the WebCrypto form, the vectors, and keys that are not what they should be."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from octonext.crypto import signature
from octonext.crypto.errors import InvalidKey

VECTORS = json.loads(
    (Path(__file__).parents[2] / "spec" / "vectors" / "signature.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"][:40])
def test_every_vector_verifies_as_it_says(case: dict[str, Any]) -> None:
    verdict = signature.verify(
        bytes.fromhex(VECTORS["public_key"]),
        bytes.fromhex(case["signature"]),
        bytes.fromhex(case["message"]),
    )
    assert verdict is case["valid"]


def test_a_signature_verifies_with_its_own_key_only() -> None:
    key, other = signature.generate_device_key(), signature.generate_device_key()
    made = signature.sign(key, b"message")
    assert len(made) == signature.SIGNATURE_BYTES
    assert signature.verify(signature.public_spki(key), made, b"message")
    assert not signature.verify(signature.public_spki(other), made, b"message")


def test_a_stored_key_signs_like_the_original() -> None:
    key = signature.generate_device_key()
    again = signature.private_from_der(signature.private_to_der(key))
    assert signature.public_spki(again) == signature.public_spki(key)


def test_a_key_on_another_curve_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(InvalidKey, match="P-256"):
        signature.verify(spki, bytes(64), b"message")
    with pytest.raises(InvalidKey, match="P-256"):
        signature.private_from_der(signature.private_to_der(key))


def test_a_key_that_is_no_key_is_refused() -> None:
    with pytest.raises(InvalidKey, match="cannot be read"):
        signature.verify(b"nonsense", bytes(64), b"message")
