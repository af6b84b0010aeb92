"""What a push means in goods and money, and which cases it opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest

from octonext.sales.entries import (
    AdjustmentLine,
    CashierSignedIn,
    CashMoved,
    CountLine,
    DrawerOpened,
    Payment,
    ReceiptReference,
    ReceiptReprinted,
    Return,
    Sale,
    ShiftOpened,
    StockAdjusted,
    StockCounted,
    Void,
)
from octonext.shards.lane import ShardUnavailable
from octonext.sync.messages import Ack, Nack

from .conftest import MILK, RICE, JournalWriter, Shard, accepted


async def test_a_day_in_a_shop_is_booked_in_goods_and_money(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift(20_000)
    till.write(
        StockAdjusted(
            **till.common(),
            reason="opening",
            lines=[
                AdjustmentLine(product=MILK, quantity=10_000),
                AdjustmentLine(product=RICE, quantity=5_000),
            ],
        )
    )
    sold = till.sell((MILK, 3), (RICE, 1))
    till.sell((MILK, 1), tender="knet")
    till.write(Void(**till.common(), scope="line", amount=500, product=RICE))
    till.write(DrawerOpened(**till.common()))
    till.take_back(ReceiptReference(1, 1, sold), (MILK, 1))
    till.write(CashMoved(**till.common(), currency="KWD", amount=-5_000))
    till.cash -= 5_000
    till.close_shift()

    assert set(await accepted(shard, till)) == {"posted"}
    assert await shard.cases() == []
    on_hand = await shard.pool.fetch("SELECT product_id, on_hand FROM stock_balance ORDER BY 1")
    assert [row["on_hand"] for row in on_hand] == [7_000, 4_000]
    balances = await shard.pool.fetch(
        "SELECT account, debit - credit AS balance FROM account_balance ORDER BY account"
    )
    assert {row["account"]: row["balance"] for row in balances} == {
        1010: 0,  # the drawer was emptied into the safe
        1020: 1_500,
        1120: 500,
        4000: -2_500,
        4010: 500,
    }
    shift = await shard.pool.fetchrow("SELECT * FROM shift")
    assert shift is not None
    assert (shift["sale_count"], shift["sale_total"], shift["return_total"]) == (2, 2_500, -500)
    assert shift["cash_expected"] == shift["cash_counted"] == 16_500
    assert await shard.value("SELECT count(*) FROM till_event") == 2


async def test_returns_open_cases_for_what_the_shard_cannot_confirm(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    sold = till.sell((MILK, 2))
    till.take_back(ReceiptReference(1, 1, sold), (MILK, 2))
    till.take_back(ReceiptReference(1, 1, sold), (MILK, 1))
    till.take_back(ReceiptReference(1, 1, sold), (RICE, 1))
    till.take_back(ReceiptReference(2, 5, 77), (MILK, 1))
    till.take_back(ReceiptReference(9, 5, 77), (MILK, 1))
    till.take_back(None, (MILK, 1))
    outcomes = await accepted(shard, till)
    assert outcomes[:2] == ["posted", "posted"]
    assert set(outcomes[3:]) == {"posted_with_case"}
    assert set(await shard.cases()) == {
        "return_of_more_than_sold",
        "return_of_unknown_receipt",
        "return_of_foreign_receipt",
        "return_without_receipt",
    }
    assert await shard.value("SELECT count(*) FROM sale WHERE foreign_original") == 1


async def test_a_receipt_of_another_branch_of_the_shard_can_be_given_back(
    shard: Shard, till: JournalWriter
) -> None:
    other = JournalWriter(branch=2, device=2)
    await shard.enrol(till, other)
    till.open_shift()
    sold = till.sell((MILK, 1))
    await accepted(shard, till)
    other.open_shift()
    other.take_back(ReceiptReference(1, 1, sold), (MILK, 1))
    assert await accepted(shard, other) == ["posted", "posted"]


async def test_a_count_moves_the_book_to_the_shelf_at_its_place_in_the_push(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.write(
        StockAdjusted(
            **till.common(), reason="opening", lines=[AdjustmentLine(product=MILK, quantity=10_000)]
        )
    )
    till.sell((MILK, 2))
    till.write(StockCounted(**till.common(), lines=[CountLine(product=MILK, counted=7_000)]))
    till.sell((MILK, 1))
    till.write(
        StockCounted(
            **till.common(),
            lines=[CountLine(product=MILK, counted=9_000), CountLine(product=RICE, counted=4_000)],
        )
    )
    till.sell((MILK, 3))
    await accepted(shard, till)
    assert await shard.value("SELECT on_hand FROM stock_balance WHERE product_id = $1", MILK) == 6_000
    counts = await shard.pool.fetch(
        "SELECT quantity FROM stock_movement WHERE reason = 'count' ORDER BY seq, line_no"
    )
    assert [row["quantity"] for row in counts] == [-1_000, 3_000, 4_000]
    assert await shard.value(
        "SELECT bool_and(on_hand = total) FROM stock_balance b JOIN (SELECT branch_id, product_id,"
        " sum(quantity) AS total FROM stock_movement GROUP BY 1, 2) m USING (branch_id, product_id)"
    )


async def test_a_shift_that_does_not_add_up_opens_a_case(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.sell((MILK, 1))  # before any shift was opened
    till.open_shift(10_000)
    till.cash += 700
    till.close_shift(counted=10_500)
    outcomes = await accepted(shard, till)
    assert outcomes == ["posted_with_case", "posted", "posted_with_case"]
    assert await shard.cases() == ["shift_not_opened", "shift_expected_differs"]


@pytest.mark.parametrize("cut", [[6], [1] * 6, [2, 4], [3, 3]])
async def test_a_shift_that_begins_unopened_opens_one_case_however_it_is_pushed(
    shard: Shard, till: JournalWriter, cut: list[int]
) -> None:
    await shard.enrol(till)
    for _ in range(2):
        till.sell((MILK, 1))
    opening = ShiftOpened(**till.common(), currency="KWD", opening_float=1_000)
    till.write(opening)
    till.sell((MILK, 1))
    till.cash += 1_000
    till.close_shift()
    till.sell((MILK, 1))
    session, outcomes, first = await shard.connect(till), [], 1
    for size in cut:
        answer = await shard.sync.push(session, till.push(first, first + size - 1))
        assert isinstance(answer, Ack)
        outcomes += answer.outcomes
        first += size
    assert outcomes == ["posted_with_case"] + ["posted"] * 5
    assert await shard.cases() == ["shift_not_opened"]


async def test_a_second_closing_counts_whether_or_not_it_comes_in_the_same_push(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift(10_000)
    till.close_shift(counted=9_000)
    till.close_shift(counted=10_000)
    await accepted(shard, till)
    assert await shard.value("SELECT cash_counted FROM shift") == 10_000


async def test_the_till_clock_of_a_head_is_that_of_its_newest_booked_entry(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.write(b"not an entry")
    assert await accepted(shard, till) == ["posted", "quarantined"]
    assert await shard.value(
        "SELECT h.till_at = j.till_at FROM device_head h JOIN device_journal j ON j.seq = 1"
    )


async def test_a_till_clock_years_off_changes_nothing_but_the_evidence(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    wrong = datetime.now(UTC) - timedelta(days=4000)
    till.open_shift()
    template = msgspec.json.decode(till.entries[0][0])
    till.entries.clear()
    till.write(msgspec.json.encode(template | {"at": wrong.isoformat()}))
    nonce = b"n" * 32
    hello = till.hello(nonce, clock_ms=int(wrong.timestamp() * 1000))
    session = await shard.sync.open_session(hello, nonce)
    assert not isinstance(session, Nack)
    answer = await shard.sync.push(session, till.push())
    assert isinstance(answer, Ack)
    assert answer.outcomes == ["posted_with_case"]
    opened_at = await shard.value("SELECT opened_at FROM shift")
    assert abs(opened_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert await shard.value("SELECT till_at FROM device_journal") == wrong


async def test_an_exchange_nets_to_zero_in_its_own_account_and_only_the_difference_is_paid(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    sold = till.sell((MILK, 2))
    back = till.take_back(ReceiptReference(1, 1, sold), (MILK, 1))
    template = msgspec.json.decode(till.entries[back - 1][0], type=Return)
    till.entries.pop()
    till.cash += 500
    till.write(msgspec.structs.replace(template, payments=[Payment(tender="exchange", amount=500)]))
    new = till.sell((RICE, 3))
    bought = msgspec.json.decode(till.entries[new - 1][0], type=Sale)
    till.entries.pop()
    payments = [Payment(tender="exchange", amount=500), Payment(tender="knet", amount=1_000)]
    till.cash -= 1_500
    till.write(msgspec.structs.replace(bought, payments=payments))
    till.close_shift()
    assert await accepted(shard, till) == ["posted"] * 5
    balance = "SELECT debit - credit FROM account_balance WHERE account = $1"
    assert await shard.value(balance, 1150) == 0
    assert await shard.value(balance, 1120) == 1_000


async def test_a_sale_paid_by_an_exchange_that_follows_no_return_of_the_same_amount_opens_a_case(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1), tender="exchange")
    till.take_back(None, (MILK, 1))
    template = msgspec.json.decode(till.entries.pop()[0], type=Return)
    till.write(msgspec.structs.replace(template, payments=[Payment(tender="exchange", amount=500)]))
    till.sell((MILK, 1), tender="exchange")
    till.sell((MILK, 1), tender="exchange")
    # what a push brings is judged by the entry before, also where that came with another push
    session = await shard.connect(till)
    answers = [await shard.sync.push(session, till.push(*part)) for part in ((1, 2), (3, 3), (4, 5))]
    assert [each.outcomes for each in answers if isinstance(each, Ack)] == [
        ["posted", "posted_with_case"], ["posted_with_case"], ["posted", "posted_with_case"]
    ]  # fmt: skip
    cases = await shard.pool.fetch(
        "SELECT seq, evidence::text FROM opened_case WHERE kind = 'exchange_without_return' ORDER BY seq"
    )
    assert [(row["seq"], msgspec.json.decode(row["evidence"])) for row in cases] == [
        (2, {"paid": 500, "returned": 0}),
        (5, {"paid": 500, "returned": 0}),
    ]


async def test_what_no_posting_has_a_place_for_is_an_event(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    sold = msgspec.json.decode(till.entries[till.sell((MILK, 1), (RICE, 2)) - 1][0], type=Sale)
    till.entries.pop()
    first, second = sold.lines
    dented = msgspec.structs.replace(
        second, discount=100, total=900, discount_reason="dented", discount_approved_by=RICE
    )
    paid = [Payment(tender="cash", amount=1_400)]
    till.write(msgspec.structs.replace(sold, lines=[first, dented], total=1_400, payments=paid))
    till.write(DrawerOpened(**till.common(), reason="change", approved_by=RICE))
    till.write(CashMoved(**till.common(), currency="KWD", amount=-900, reason="bank", approved_by=RICE))
    till.write(ReceiptReprinted(**till.common(), receipt=ReceiptReference(1, 1, 2)))
    till.write(CashierSignedIn(**till.common()))
    back = msgspec.json.decode(till.entries[till.take_back(None, (RICE, 1)) - 1][0], type=Return)
    till.entries.pop()
    till.write(msgspec.structs.replace(back, reason="no bag", approved_by=RICE))
    assert await accepted(shard, till) == ["posted"] * 6 + ["posted_with_case"]
    events = await shard.pool.fetch("SELECT kind, detail::text AS detail FROM till_event ORDER BY seq")
    assert [(row["kind"], msgspec.json.decode(row["detail"])) for row in events] == [
        (
            "sale",
            {"discounts": [{"line": 2, "discount": 100, "reason": "dented", "approved_by": str(RICE)}]},
        ),
        ("drawer_opened", {"reason": "change", "approved_by": str(RICE)}),
        ("cash_moved", {"amount": -900, "reason": "bank", "approved_by": str(RICE)}),
        ("receipt_reprinted", {"receipt": {"branch": 1, "device": 1, "seq": 2}}),
        ("cashier_signed_in", {}),
        ("return", {"approved_by": str(RICE), "reason": "no bag"}),
    ]


async def test_the_ledger_refuses_what_does_not_balance_whoever_writes(shard: Shard) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="not balanced"):
        await shard.pool.execute(
            "INSERT INTO ledger_line (branch_id, device_id, seq, line_no, account, debit, credit,"
            " currency, business_date, posted_at)"
            " VALUES (1, 1, 1, 1, 1010, 5, 0, 'KWD', current_date, now())"
        )


async def test_a_missing_partition_is_the_shards_fault_and_quarantines_nothing(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    await shard.pool.execute(f"DROP TABLE sale_{datetime.now(UTC):%Y_%m}")
    till.open_shift()
    till.sell((MILK, 1))
    session = await shard.connect(till)
    with pytest.raises(ShardUnavailable, match="partition"):
        await shard.sync.push(session, till.push())
    assert await shard.value("SELECT count(*) FROM device_journal") == 0
    await shard.pool.execute("SELECT ensure_month_partitions(current_date, 1)")
    assert isinstance(await shard.sync.push(session, till.push()), Ack)


async def test_settings_that_postgresql_refuses_quarantine_nothing(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    branch = {"branch_id": 1, "shard_id": "kw-1", "currency": "KWD", "jurisdiction": "KW"}
    await shard.put_reference("branch", "1", branch | {"time_zone": "Asia/Atlantis"})
    await shard.sync.refresh()
    till.open_shift()
    session = await shard.connect(till)
    with pytest.raises(ShardUnavailable, match="settings"):
        await shard.sync.push(session, till.push())
    assert await shard.value("SELECT count(*) FROM device_journal") == 0
    await shard.put_reference("branch", "1", branch | {"time_zone": "Asia/Kuwait"})
    await shard.sync.refresh()
    assert isinstance(await shard.sync.push(session, till.push()), Ack)


async def test_outcomes_of_returns_do_not_depend_on_how_the_journal_is_cut_into_pushes(
    shard: Shard, till: JournalWriter
) -> None:
    alone = JournalWriter(device=2)
    await shard.enrol(till, alone)
    for writer in (till, alone):
        writer.open_shift()
        sold = writer.sell((MILK, 1), (RICE, 1))
        original = ReceiptReference(1, writer.device, sold)
        for _ in range(2):
            writer.take_back(original, (MILK, 1))
        # same seq as the other till's, another product, within what was sold
        writer.take_back(original, (RICE, 1))
    together = await accepted(shard, till)
    session = await shard.connect(alone)
    singly = []
    for seq in range(1, alone.seq + 1):
        answer = await shard.sync.push(session, alone.push(seq, seq))
        assert isinstance(answer, Ack)
        singly += answer.outcomes
    assert together == singly == ["posted", "posted", "posted", "posted_with_case", "posted"]
