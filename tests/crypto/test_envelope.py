"""Envelopes: the vectors, and that nothing opens outside the place it was sealed for."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from octonext.crypto import envelope
from octonext.crypto.errors import EnvelopeRefused, InvalidKey
from octonext.crypto.signature import public_spki

VECTORS = json.loads(
    (Path(__file__).parents[2] / "spec" / "vectors" / "envelope.json").read_text(encoding="utf-8")
)
DEVICE: int = VECTORS["device"]
SHIFT: str = VECTORS["shift"]
DEK = bytes.fromhex(VECTORS["shift_key"])
CHEAP = envelope.Argon2Cost(time=1, memory_kib=8, lanes=1)


def _private(scalar: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(scalar, 16), ec.SECP256R1())


def test_every_entry_vector_seals_and_opens() -> None:
    for entry in VECTORS["entries"]:
        plaintext, sealed = entry["plaintext_utf8"].encode(), bytes.fromhex(entry["sealed"])
        nonce = bytes.fromhex(entry["nonce"])
        assert sealed == envelope.seal_entry(
            DEK, device=DEVICE, shift=SHIFT, seq=entry["seq"], plaintext=plaintext, nonce=nonce
        )
        assert plaintext == envelope.open_entry(
            DEK, device=DEVICE, shift=SHIFT, seq=entry["seq"], sealed=sealed
        )


def test_the_shard_vector_wraps_and_unwraps() -> None:
    vector = VECTORS["wrap_for_shard"]
    wrapped = envelope.wrap_for_shard(
        DEK,
        bytes.fromhex(vector["shard_public_key"]),
        device=DEVICE,
        key_id=SHIFT,
        ephemeral=_private(vector["ephemeral_private_scalar"]),
        nonce=bytes.fromhex(vector["nonce"]),
    )
    assert wrapped.hex() == vector["wrapped"]
    shard = _private(vector["shard_private_scalar"])
    assert envelope.unwrap_for_shard(wrapped, shard, device=DEVICE, key_id=SHIFT) == DEK


def test_the_till_vector_derives_and_wraps() -> None:
    vector = VECTORS["wrap_for_till"]
    kek = envelope.derive_kek(
        vector["pin_utf8"],
        bytes.fromhex(vector["salt"]),
        bytes.fromhex(vector["device_share"]),
        envelope.Argon2Cost(**vector["argon2id"]),
    )
    assert kek.hex() == vector["kek"]
    wrapped = envelope.wrap_for_till(
        kek, DEK, device=DEVICE, key_id=SHIFT, nonce=bytes.fromhex(vector["nonce"])
    )
    assert wrapped.hex() == vector["wrapped"]
    assert envelope.unwrap_for_till(kek, wrapped, device=DEVICE, key_id=SHIFT) == DEK


@pytest.mark.parametrize(("device", "shift", "seq"), [(43, SHIFT, 1), (42, "another", 1), (42, SHIFT, 2)])
def test_an_entry_opens_nowhere_but_in_its_place(device: int, shift: str, seq: int) -> None:
    sealed = envelope.seal_entry(
        DEK, device=42, shift=SHIFT, seq=1, plaintext=b"sale", nonce=envelope.new_nonce()
    )
    with pytest.raises(EnvelopeRefused, match=f"Entry {seq}"):
        envelope.open_entry(DEK, device=device, shift=shift, seq=seq, sealed=sealed)


def test_an_altered_or_truncated_entry_does_not_open() -> None:
    sealed = envelope.seal_entry(
        DEK, device=42, shift=SHIFT, seq=1, plaintext=b"sale", nonce=envelope.new_nonce()
    )
    for damaged in (sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:10], b""):
        with pytest.raises(EnvelopeRefused):
            envelope.open_entry(DEK, device=42, shift=SHIFT, seq=1, sealed=damaged)


def test_a_wrapped_key_opens_for_its_shard_device_and_shift_only() -> None:
    shard, stranger = envelope.generate_shard_key(), envelope.generate_shard_key()
    wrapped = envelope.wrap_for_shard(DEK, public_spki(shard), device=1, key_id="shift")
    assert envelope.unwrap_for_shard(wrapped, shard, device=1, key_id="shift") == DEK
    with pytest.raises(EnvelopeRefused):
        envelope.unwrap_for_shard(wrapped, stranger, device=1, key_id="shift")
    with pytest.raises(EnvelopeRefused):
        envelope.unwrap_for_shard(wrapped, shard, device=2, key_id="shift")
    with pytest.raises(EnvelopeRefused):
        envelope.unwrap_for_shard(wrapped, shard, device=1, key_id="other")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda wrapped: wrapped[:0], "version 1"),
        (lambda wrapped: b"\x02" + wrapped[1:], "version 1"),
        (lambda wrapped: wrapped[:-1], "instead of 126"),
        (lambda wrapped: wrapped[:1] + bytes(65) + wrapped[66:], "no point"),
    ],
)
def test_a_malformed_wrap_says_what_is_wrong(damage: object, says: str) -> None:
    assert callable(damage)
    shard = envelope.generate_shard_key()
    wrapped = envelope.wrap_for_shard(DEK, public_spki(shard), device=1, key_id="shift")
    with pytest.raises(EnvelopeRefused, match=says):
        envelope.unwrap_for_shard(damage(wrapped), shard, device=1, key_id="shift")


def test_a_wrong_pin_or_another_devices_share_does_not_unwrap() -> None:
    salt, share = bytes(16), bytes(32)
    wrapped = envelope.wrap_for_till(
        envelope.derive_kek("1234", salt, share, CHEAP), DEK, device=1, key_id="shift"
    )
    for pin, other_share in (("1235", share), ("1234", b"\x01" * 32)):
        kek = envelope.derive_kek(pin, salt, other_share, CHEAP)
        with pytest.raises(EnvelopeRefused):
            envelope.unwrap_for_till(kek, wrapped, device=1, key_id="shift")


def test_a_shard_key_survives_its_pem() -> None:
    key = envelope.generate_shard_key()
    assert public_spki(envelope.load_shard_key(envelope.shard_key_to_pem(key))) == public_spki(key)
    with pytest.raises(InvalidKey, match="PEM"):
        envelope.load_shard_key(b"no key")
