"""What the pen writes, a shard understands; what it would not is refused before it is written."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from octonext.sales.entries import CashMoved, DrawerOpened
from octonext.till.domain.pen import Draft, Pen, Place
from octonext.till.errors import CardNumberRefused, EntryInvalid

ID = UUID("01900000-0000-7000-8000-000000000001")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def pen() -> Pen:
    return Pen(device=1, shift=ID, cashier=ID, key=b"k" * 32, place=Place())


@pytest.mark.parametrize(
    "draft",
    [
        Draft(DrawerOpened, {"reason": "x" * 201}),
        Draft(DrawerOpened, {"reason": "a\0b"}),
        Draft(CashMoved, {"currency": "KWD", "amount": 10**13}),
    ],
    ids=["long text", "null byte", "amount"],
)
def test_what_a_shard_would_quarantine_is_refused_and_the_pen_stays(draft: Draft) -> None:
    held = pen()
    with pytest.raises(EntryInvalid):
        held.write(draft, at=NOW, nonce=b"n" * 12)
    assert held.place == Place()


def test_what_is_written_is_what_was_meant() -> None:
    held = pen()
    written = held.write(Draft(DrawerOpened, {"reason": "change"}), at=NOW, nonce=b"n" * 12)
    assert isinstance(written.entry, DrawerOpened)
    assert (held.place.seq, written.sealed.seq) == (1, 1)


@pytest.mark.parametrize("text", ["4111 1111 1111 1111", "card ٤١١١١١١١١١١١١١١١"])
def test_a_card_number_is_refused_by_its_field_and_nothing_is_written(text: str) -> None:
    held = pen()
    with pytest.raises(CardNumberRefused, match=r"^reason holds") as caught:
        held.write(Draft(DrawerOpened, {"reason": text}), at=NOW, nonce=b"n" * 12)
    assert text not in str(caught.value)
    assert held.place == Place()
