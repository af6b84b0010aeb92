"""spec/vectors/entry.json: the bytes of an entry are the same whoever writes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from octonext.sales.card_numbers import find_card_number, hides_card_number
from octonext.sales.domain import find_disagreement
from octonext.sales.entries import Return, Sale, decode_entry, encode_entry

VECTORS = json.loads((Path(__file__).parents[2] / "spec/vectors/entry.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("each", VECTORS["entries"], ids=lambda each: each["draft"]["kind"])
def test_an_entry_is_written_with_the_same_bytes_again(each: dict[str, Any]) -> None:
    written = each["bytes_utf8"].encode()
    entry = decode_entry(written)
    assert encode_entry(entry) == written
    zone = timezone(timedelta(minutes=each["offset_minutes"]))
    assert entry.at == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=each["unix_ms"])
    assert entry.at.utcoffset() == zone.utcoffset(None)
    # What both sides write alike needs no second look for what hides in unknown fields.
    assert find_card_number(entry) is None
    assert not hides_card_number(written, entry)


def test_the_receipts_among_them_can_be_booked() -> None:
    for receipt in (decode_entry(each["bytes_utf8"].encode()) for each in VECTORS["entries"]):
        if isinstance(receipt, Sale | Return):
            assert find_disagreement(receipt) is None
