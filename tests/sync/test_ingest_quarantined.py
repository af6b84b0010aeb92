"""What a push brings that cannot be booked is kept, byte for byte, and holds up nothing behind it."""

from __future__ import annotations

import msgspec
import pytest

from octonext.sales.entries import Void

from .conftest import MILK, JournalWriter, Shard, accepted


async def test_an_entry_damaged_on_the_till_is_quarantined_and_the_next_one_booked(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1))
    till.sell((MILK, 1))
    data, hash_, sealed, key = till.entries[1]
    till.entries[1] = (data, hash_, sealed[:-1] + bytes([sealed[-1] ^ 1]), key)
    assert await accepted(shard, till) == ["posted", "quarantined", "posted"]
    row = await shard.pool.fetchrow("SELECT * FROM device_journal WHERE seq = 2")
    assert row is not None
    assert (row["bytes"], row["reason"]) == (None, "undecryptable")
    assert row["ciphertext"] == till.entries[1][2]
    assert await shard.cases() == ["quarantined"]


async def test_what_cannot_be_booked_is_kept_byte_for_byte(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.write(b'{"kind":"from_the_future","v":2}')
    till.write(b"\xff\x00")
    good = till.sell((MILK, 1))
    wrong = msgspec.json.decode(till.entries[good - 1][0])
    till.write(msgspec.json.encode(wrong | {"seq": good + 1, "total": 1}))
    till.write(msgspec.json.encode(wrong | {"seq": good + 2, "currency": "SAR"}))
    till.write(msgspec.json.encode(wrong | {"seq": 77}))
    outcomes = await accepted(shard, till)
    assert outcomes == ["posted", *["quarantined"] * 2, "posted", *["quarantined"] * 3]
    rows = await shard.pool.fetch("SELECT bytes, reason FROM device_journal ORDER BY seq")
    assert [row["bytes"] for row in rows] == [entry[0] for entry in till.entries]
    reasons = [row["reason"].split(":")[0] for row in rows if row["reason"]]
    assert reasons == [
        "not_understood",
        "not_understood",
        "figures_disagree",
        "currency_differs",
        "seq_differs",
    ]


@pytest.mark.parametrize(
    "poison",
    [
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": "9999-12-31T23:59:59-12:00"},
        {"hlc": 2**53 - 1},
        {"lines": [], "note": "x"},
        {"total": 10**12, "tax": 0},
    ],
    ids=str,
)
async def test_extreme_values_never_hold_up_a_till_or_its_shard(
    shard: Shard, till: JournalWriter, poison: dict[str, object]
) -> None:
    await shard.enrol(till)
    till.open_shift()
    good = msgspec.json.decode(till.entries[till.sell((MILK, 1)) - 1][0])
    till.write(msgspec.json.encode(good | {"seq": 3} | poison))
    till.write(msgspec.json.encode(good | {"seq": 4}))
    outcomes = await accepted(shard, till)
    assert outcomes[3] == "posted"
    assert shard.lane.status().breaker == "closed"


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\\u0000"', b'"a\\u202eb\\ufdfa"'])
async def test_strange_text_never_holds_up_a_till_or_its_shard(
    shard: Shard, till: JournalWriter, text: bytes
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.write(Void(**till.common(), scope="cart", amount=1, reason="@"))
    data = till.entries.pop()[0]
    till.write(data.replace(b'"@"', text))
    till.sell((MILK, 1))
    outcomes = await accepted(shard, till)
    assert outcomes[2] == "posted"
    assert shard.lane.status().breaker == "closed"


async def test_an_entry_that_sql_refuses_does_not_hold_up_the_rest(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    await shard.pool.execute("ALTER TABLE sale_payment ADD CONSTRAINT only_small CHECK (amount < 5000)")
    till.open_shift()
    till.sell((MILK, 1))
    till.sell((MILK, 100))
    till.sell((MILK, 1))
    assert await accepted(shard, till) == ["posted", "posted", "quarantined", "posted"]
    assert await shard.value("SELECT count(*) FROM sale") == 2
    assert await shard.value("SELECT -on_hand FROM stock_balance") == 2_000


async def test_an_unknown_kind_with_a_null_byte_is_quarantined_like_any_other(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.write(b'{"kind":"sale\\u0000x"}')
    till.sell((MILK, 1))
    assert await accepted(shard, till) == ["posted", "quarantined", "posted"]
