"""A sealed file opens as it was written, and not at all when anything about it is another."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octonext.crypto.sealed_stream import (
    CHUNK_BYTES,
    RANDOM_BYTES,
    SealedWriter,
    SealKeyMissing,
    SealRefused,
    key_id,
    unseal,
)

KEY = bytes(range(32))
ID = "kw-1/1"
WHAT = "kw-1/base/1/base.tar"
HEAD_BYTES = 9 + 1 + len(ID) + RANDOM_BYTES + 16


def keys(name: str) -> bytes | None:
    return KEY if name == ID else None


def seal(*pieces: bytes, context: str = WHAT, key: bytes = KEY, randomness: bytes | None = None) -> bytes:
    """Every piece becomes a chunk of its own, as the last the finishing one."""
    file = io.BytesIO()
    writer = SealedWriter(file, key, key_id=ID, context=context, randomness=randomness)
    for piece in pieces[:-1]:
        writer.write(piece)
        writer.flush()
    writer.write(pieces[-1])
    writer.finish()
    return file.getvalue()


def opened(sealed: bytes, *, context: str = WHAT, unfinished: bool = False) -> bytes:
    return b"".join(unseal(io.BytesIO(sealed), keys, context=context, unfinished=unfinished))


def chunks(sealed: bytes) -> list[bytes]:
    """The sealed chunks of a file, without its header."""
    found, at = [], HEAD_BYTES
    while at < len(sealed):
        length = int.from_bytes(sealed[at : at + 4]) & 0x7FFF_FFFF
        found.append(sealed[at : at + 4 + length + 16])
        at += 4 + length + 16
    return found


@pytest.mark.parametrize(
    "length", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]
)
def test_what_was_sealed_opens_whatever_its_length(length: int) -> None:
    plaintext = (b"0123456789abcdef" * (length // 16 + 1))[:length]
    sealed = seal(plaintext)
    assert opened(sealed) == plaintext
    assert len(chunks(sealed)) == max(1, -(-length // CHUNK_BYTES))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=6))
def test_what_was_sealed_in_pieces_opens_as_one(pieces: list[bytes]) -> None:
    assert opened(seal(*pieces)) == b"".join(pieces)


@given(st.data())
def test_no_bit_may_be_another(data: st.DataObject) -> None:
    sealed = bytearray(seal(b"first", b"second", b"third"))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8
    with pytest.raises((SealRefused, SealKeyMissing)):
        opened(bytes(sealed))


@given(st.data())
def test_no_byte_may_be_missing_at_the_end_or_follow_it(data: st.DataObject) -> None:
    sealed = seal(b"first", b"second", b"third")
    with pytest.raises(SealRefused):
        opened(sealed[: data.draw(st.integers(0, len(sealed) - 1))])
    with pytest.raises(SealRefused, match="behind its end"):
        opened(sealed + data.draw(st.binary(min_size=1, max_size=40)))


@given(st.permutations(range(4)), st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_chunks_may_not_change_places_be_left_out_or_come_twice(order: list[int], some: list[int]) -> None:
    sealed = seal(b"one", b"two", b"three", b"four")
    parts = chunks(sealed)
    for chosen in (order, some):
        if chosen != [0, 1, 2, 3]:
            with pytest.raises(SealRefused):
                opened(sealed[:HEAD_BYTES] + b"".join(parts[index] for index in chosen))


def test_the_chunk_of_another_file_is_refused() -> None:
    one, other = seal(b"one", b"end"), seal(b"two", b"end")
    with pytest.raises(SealRefused, match="chunk 0"):
        opened(one[:HEAD_BYTES] + chunks(other)[0] + chunks(one)[1])


def test_an_earlier_chunk_does_not_pass_for_the_last_one() -> None:
    sealed = seal(b"one", b"two")
    first = bytearray(chunks(sealed)[0])
    first[0] |= 0x80
    with pytest.raises(SealRefused):
        opened(sealed[:HEAD_BYTES] + bytes(first))


def test_a_file_in_the_place_of_another_is_refused() -> None:
    with pytest.raises(SealRefused, match="another file"):
        opened(seal(b"text"), context="sa-1/base/1/base.tar")


def test_a_wrong_key_and_a_missing_key_are_told_apart() -> None:
    with pytest.raises(SealRefused, match="another key"):
        opened(seal(b"text", key=bytes(32)))
    with pytest.raises(SealKeyMissing, match="'kw-1/1'"):
        list(unseal(io.BytesIO(seal(b"text")), lambda _name: None, context=WHAT))


def test_what_is_no_sealed_file_is_refused() -> None:
    for text in (b"", b"OCTO", b"some other file that is long enough to hold a header" * 9):
        with pytest.raises(SealRefused):
            opened(text)


@given(st.integers(0, 200))
def test_a_file_that_still_grows_opens_as_far_as_its_whole_chunks_go(cut: int) -> None:
    sealed = seal(b"first", b"second", b"third")
    kept = sealed[: max(HEAD_BYTES, len(sealed) - cut)]
    whole, at = b"", HEAD_BYTES
    for part, text in zip(chunks(sealed), (b"first", b"second", b"third"), strict=True):
        at += len(part)
        if at <= len(kept):
            whole += text
    assert opened(kept, unfinished=True) == whole


def test_zeros_behind_the_last_whole_chunk_are_what_a_power_cut_leaves() -> None:
    sealed = seal(b"first", b"second")
    kept = sealed[:HEAD_BYTES] + chunks(sealed)[0]
    assert opened(kept + bytes(4096), unfinished=True) == b"first"
    with pytest.raises(SealRefused):
        opened(kept + bytes(40) + b"x", unfinished=True)


def test_a_growing_file_may_not_be_altered_either() -> None:
    sealed = bytearray(seal(b"first", b"second", b"third"))
    sealed[HEAD_BYTES + 6] ^= 1
    with pytest.raises(SealRefused):
        opened(bytes(sealed), unfinished=True)


def test_the_header_names_the_key() -> None:
    assert key_id(io.BytesIO(seal(b"text"))) == ID


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert seal(b"text")[HEAD_BYTES:] != seal(b"text")[HEAD_BYTES:]


def test_vectors_stay_what_they_are() -> None:
    """Backups are read by later versions: a change here makes every old one unreadable."""
    randomness = bytes(range(100, 100 + RANDOM_BYTES))
    assert seal(b"", randomness=randomness).hex() == EMPTY
    assert seal(b"first", b"", b"last", randomness=randomness).hex() == THREE
    long = seal(b"\x5a" * (CHUNK_BYTES + 1), randomness=randomness)
    assert hashlib.sha256(long).hexdigest() == LONG


EMPTY = (
    "4f43544f5345414c01066b772d312f316465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283"
    "8485868788898a8f3920e731aba8fbea8db238cd05184580000000157df8c08a79428658989e0625d415de"
)
THREE = (
    "4f43544f5345414c01066b772d312f316465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283"
    "8485868788898a8f3920e731aba8fbea8db238cd0518450000000591d2b5aa069d1b1f3181b18ed4e6005018567efb2e"
    "80000004540738cecb796cfc5b8825c8d0574dca2066f066"
)
LONG = "9a21a9fd65b1be244c7e87ec78c10341d5e5879a09eb8386eb146a314af989c8"
