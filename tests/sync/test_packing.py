"""Packed rows: what goes in comes out, within what a frame holds."""

from __future__ import annotations

import random
import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octonext.sync import packing
from octonext.sync.messages import PACKED_ROWS_MAX, DeltaRow
from octonext.sync.packing import pack, unpack


def row(number: int, text: str = "") -> DeltaRow:
    value = msgspec.Raw(msgspec.json.encode({"name_en": text or f"Product {number}"}))
    return DeltaRow(kind="product", key=f"p{number}", value=value)


def names(rows: list[DeltaRow]) -> list[tuple[str, bytes]]:
    return [(each.key, bytes(each.value)) for each in rows]


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(max_size=60), min_size=1, max_size=700),
    bytes_max=st.integers(200, 20_000),
)
def test_what_was_taken_comes_out_in_order_and_fits(texts: list[str], bytes_max: int) -> None:
    rows = [row(number, text) for number, text in enumerate(texts)]
    packed, taken = pack(rows, bytes_max)
    assert 1 <= taken <= len(rows)
    assert names(unpack(packed)) == names(rows[:taken])
    assert taken == 1 or len(packed) <= bytes_max


def test_a_row_that_alone_is_too_large_is_taken_alone() -> None:
    noise = random.Random(1).randbytes(4_000).hex()
    packed, taken = pack([row(1, noise), row(2)], 500)
    assert taken == 1
    assert names(unpack(packed)) == names([row(1, noise)])


def test_a_deleted_row_is_null_inside_too() -> None:
    gone = DeltaRow(kind="price", key="x", value=msgspec.Raw(b"null"))
    packed, _ = pack([gone], 1_000)
    assert unpack(packed)[0].deleted


def test_no_page_has_more_rows_or_inflates_to_more_than_a_till_must_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = [row(number) for number in range(PACKED_ROWS_MAX + 300)]
    assert pack(many, 10**9)[1] == PACKED_ROWS_MAX
    monkeypatch.setattr(packing, "UNPACKED_BYTES_MAX", 20_000)
    packed, taken = pack(many, 10**9)
    assert 0 < taken < 1_000
    assert len(unpack(packed)) == taken


@pytest.mark.parametrize(
    "damaged",
    [b"", b"\xff" * 20, pack([row(1)], 1_000)[0][:-3], pack([row(1)], 1_000)[0] + b"x"],
)
def test_what_is_no_packed_page_is_refused(damaged: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        unpack(damaged)


def test_a_page_that_inflates_beyond_all_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "UNPACKED_BYTES_MAX", 1_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(b" " * 100_000) + packer.flush()
    with pytest.raises(msgspec.DecodeError, match="too large"):
        unpack(bomb)
