"""Receipts of any till of the shard, and how much of them has come back."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octonext.sales.entries import ReceiptReference, Return
from octonext.sync.messages import Ack, Refused, decode_from_till
from octonext.sync.receipt_messages import FindReceipt, ReceiptFound, SoldReceipt
from octonext.sync.service.receipts import OF_OTHERS, find_receipt, spread
from octonext.sync.store import ReturnedRow, SoldLineRow

from .conftest import MILK, RICE, JournalWriter, Shard

#: The till that asks.
ASKING = 1


async def found(shard: Shard, branch: int, device: int, seq: int) -> SoldReceipt | None:
    answer = await find_receipt(shard.sync, ASKING, FindReceipt(id=9, branch=branch, device=device, seq=seq))
    assert isinstance(answer, ReceiptFound), answer
    assert answer.id == 9
    return answer.receipt


async def test_a_receipt_of_another_branch_is_found_with_what_has_come_back_of_each_line(
    shard: Shard, till: JournalWriter
) -> None:
    other = JournalWriter(branch=2, device=2)
    await shard.enrol(till, other)
    till.open_shift()
    sold = till.sell((MILK, 3), (RICE, 1), (MILK, 2))
    await shard.sync.push(await shard.connect(till), till.push())
    receipt = await found(shard, 1, 1, sold)
    assert receipt is not None
    assert (receipt.kind, receipt.total, receipt.currency, receipt.customer) == ("sale", 3_000, "KWD", None)
    assert [(line.number, line.product, line.quantity, line.returned) for line in receipt.lines] == [
        (1, MILK, 3_000, 0), (2, RICE, 1_000, 0), (3, MILK, 2_000, 0),
    ]  # fmt: skip
    other.open_shift()
    back = other.take_back(ReceiptReference(1, 1, sold), (MILK, 1))
    named = msgspec.json.decode(other.entries[back - 1][0], type=Return)
    lines = [msgspec.structs.replace(named.lines[0], original_line=3)]
    other.write(msgspec.structs.replace(named, seq=3, lines=lines))
    answer = await shard.sync.push(await shard.connect(other), other.push())
    assert isinstance(answer, Ack)
    receipt = await found(shard, 1, 1, sold)
    assert receipt is not None
    assert [line.returned for line in receipt.lines] == [1_000, 0, 1_000]
    returned = await found(shard, 2, 2, back)
    assert returned is not None
    assert (returned.kind, returned.total, returned.lines[0].quantity) == ("return", 500, 1_000)


async def test_what_is_no_receipt_or_not_of_this_shard_is_said(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    opened = till.open_shift()
    till.write(b"not an entry")
    await shard.sync.push(await shard.connect(till), till.push())
    for seq in (opened, 2, 77):
        assert await found(shard, 1, 1, seq) is None
    assert await found(shard, 2, 1, 1) is None
    for branch in (9, 4711):
        answer = await find_receipt(shard.sync, ASKING, FindReceipt(id=3, branch=branch, device=1, seq=1))
        assert isinstance(answer, Refused)
        assert (answer.id, answer.reason) == (3, "elsewhere")


async def test_a_receipt_is_found_by_the_number_that_is_printed_on_it(
    shard: Shard, till: JournalWriter
) -> None:
    other = JournalWriter(branch=2, device=14)
    await shard.enrol(till, other)
    other.open_shift()
    sold = other.sell((MILK, 3))
    await shard.sync.push(await shard.connect(other), other.push())

    async def asked(number: str) -> ReceiptFound | Refused:
        return await find_receipt(shard.sync, ASKING, FindReceipt(id=4, number=number))

    for number in (f"KW02-T14-{sold}", f"kw02-t14-{sold}"):
        answer = await asked(number)
        assert isinstance(answer, ReceiptFound)
        assert answer.receipt is not None
        named = (answer.receipt.branch, answer.receipt.device, answer.receipt.seq, answer.receipt.number)
        assert named == (2, 14, sold, f"KW02-T14-{sold}")
    for number in (
        "KW02-T14-77",
        "KW02-T15-2",
        "KW01-T14-2",
        "KW02-T14",
        "KW02-T14-2-2",
        f"KW02-T14-{2**46 + 1}",
    ):
        assert await asked(number) == ReceiptFound(id=4, receipt=None)
    for number in ("KW09-T14-2", "SA01-T14-2"):
        answer = await asked(number)
        assert isinstance(answer, Refused)
        assert answer.reason == "elsewhere"


@pytest.mark.parametrize(
    "names", [{}, {"branch": 1, "device": 1}, {"branch": 1, "device": 1, "seq": 1, "number": "KW01-T01-1"}]
)
def test_a_receipt_is_named_in_one_way(names: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match="a receipt is named by"):
        decode_from_till(msgspec.json.encode({"t": "find_receipt", "id": 1} | names).decode())


async def test_a_till_cannot_read_the_sales_of_others_one_by_one(shard: Shard, till: JournalWriter) -> None:
    other = JournalWriter(branch=2, device=2)
    await shard.enrol(till, other)
    till.open_shift()
    sold = till.sell((MILK, 1))
    await shard.sync.push(await shard.connect(till), till.push())
    asked = [FindReceipt(id=1, branch=2, device=2, seq=seq) for seq in range(1, OF_OTHERS.attempts)]
    for request in [*asked, FindReceipt(id=1, number="KW02-T77-1")]:
        assert isinstance(await find_receipt(shard.sync, ASKING, request), ReceiptFound)
    for request in (asked[0], FindReceipt(id=1, number="KW02-T77-1")):
        answer = await find_receipt(shard.sync, ASKING, request)
        assert isinstance(answer, Refused)
        assert (answer.reason, bool(answer.retry_after_ms)) == ("overloaded", True)
    # its own, and what other tills ask for, are not held up by that
    assert await found(shard, 1, 1, sold) is not None
    answer = await find_receipt(shard.sync, 2, FindReceipt(id=1, branch=1, device=1, seq=sold))
    assert isinstance(answer, ReceiptFound)


async def test_a_shard_that_is_away_is_said_with_when_to_ask_again(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    await shard.lane.close()
    answer = await find_receipt(shard.sync, ASKING, FindReceipt(id=1, branch=1, device=1, seq=1))
    assert isinstance(answer, Refused)
    assert answer.reason == "unavailable"
    assert answer.retry_after_ms


PRODUCTS = [UUID(int=n) for n in range(3)]
LINES = st.lists(st.tuples(st.sampled_from(PRODUCTS), st.integers(1, 5_000)), min_size=1, max_size=6)
RETURNS = st.lists(
    st.tuples(st.sampled_from(PRODUCTS), st.none() | st.integers(1, 8), st.integers(1, 4_000)), max_size=8
)


@given(sold=LINES, came=RETURNS)
def test_what_has_come_back_is_spread_without_losing_or_inventing_any(
    sold: list[tuple[UUID, int]], came: list[tuple[UUID, int | None, int]]
) -> None:
    lines = [
        SoldLineRow(number, product, quantity, 0, 0, "", 0, 0, 0)
        for number, (product, quantity) in enumerate(sold, 1)
    ]
    back = spread(lines, [ReturnedRow(*each) for each in came])
    on_receipt = {line.product for line in lines}
    due: Counter[UUID] = Counter()
    for product, _, quantity in came:
        if product in on_receipt:
            due[product] += quantity
    shown: Counter[UUID] = Counter()
    room: Counter[UUID] = Counter()
    for line, returned in zip(lines, back, strict=True):
        assert returned >= 0
        shown[line.product] += returned
        room[line.product] += line.quantity
    assert +shown == due
    for line, returned in zip(lines, back, strict=True):
        if due[line.product] <= room[line.product]:
            assert returned <= line.quantity
