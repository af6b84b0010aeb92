"""What a push does to a real shard: booked once, whole, and never blocked by one bad entry."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from octonext.runtime.postgres import Connection
from octonext.sales.entries import (
    Void,
)
from octonext.shards.breaker import FAILURES_MAX
from octonext.shards.lane import ShardUnavailable
from octonext.sync.domain import START
from octonext.sync.messages import Ack, Head, Nack, PushedEntry
from octonext.sync.service import TillSession
from octonext.sync.service.deltas import parse_cursor
from octonext.sync.service.mirror import Mirror
from unguarded import unguarded

from .conftest import MILK, RICE, JournalWriter, Shard


def nack(answer: Ack | Nack) -> str:
    assert isinstance(answer, Nack), answer
    return answer.reason


async def accepted(shard: Shard, till: JournalWriter, first: int = 1) -> list[str]:
    answer = await shard.sync.push(await shard.connect(till), till.push(first))
    assert isinstance(answer, Ack), answer
    assert answer.acked == till.head
    return list(answer.outcomes)


async def test_the_same_push_sent_again_is_counted_once_and_answered_alike(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1))
    till.write(b"not json")
    session = await shard.connect(till)
    first = await shard.sync.push(session, till.push())
    again = await shard.sync.push(session, till.push())
    assert isinstance(first, Ack)
    assert isinstance(again, Ack)
    assert first.outcomes == again.outcomes == ["posted", "posted", "quarantined"]
    assert await shard.value("SELECT count(*) FROM sale") == 1
    assert await shard.value("SELECT count(*) FROM device_journal") == 3
    till.sell((MILK, 1))
    overlapping = await shard.sync.push(session, till.push(2))
    assert isinstance(overlapping, Ack)
    assert overlapping.outcomes == ["posted", "quarantined", "posted"]
    assert await shard.value("SELECT count(*) FROM sale") == 2


async def test_a_push_on_two_connections_at_once_is_counted_once(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    for _ in range(20):
        till.sell((MILK, 1))
    older, newer = await shard.connect(till), await shard.connect(till)
    answers = await asyncio.gather(shard.sync.push(older, till.push()), shard.sync.push(newer, till.push()))
    assert nack(answers[0]) == "fenced"
    assert isinstance(answers[1], Ack)
    assert await shard.value("SELECT count(*) FROM sale") == 20


async def test_a_gap_is_refused_with_what_is_expected(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1))
    answer = await shard.sync.push(await shard.connect(till), till.push(2))
    assert isinstance(answer, Nack)
    assert (answer.reason, answer.expected) == ("gap", 1)


async def test_a_fork_keeps_both_histories_and_opens_a_case(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1))
    await accepted(shard, till)
    clone = JournalWriter(private=till.private, shift=till.shift, key=till.key)
    clone.entries = till.entries[:1]
    clone.sell((RICE, 9))
    clone.sell((RICE, 9))
    session = await shard.connect(clone)
    assert nack(await shard.sync.push(session, clone.push(2))) == "fork"
    assert await shard.value("SELECT count(*) FROM journal_fork") == 2
    assert await shard.cases() == ["fork"]
    assert await shard.value("SELECT count(*) FROM sale") == 1
    # the till that was there first goes on
    till.sell((MILK, 1))
    assert await accepted(shard, till, 3) == ["posted"]


async def test_a_till_restored_from_an_old_copy_is_found_at_hello(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1))
    await accepted(shard, till)
    till.entries.pop()
    nonce = b"n" * 32
    answer = await shard.sync.open_session(till.hello(nonce), nonce)
    assert isinstance(answer, Nack)
    assert answer.reason == "fork"
    assert await shard.cases() == ["fork"]


async def test_a_changed_ciphertext_is_a_bad_signature_and_nothing_is_stored(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    push = till.push()
    entry = push.entries[0]
    flipped = entry.c[:-1] + bytes([entry.c[-1] ^ 1])
    changed = msgspec.structs.replace(push, entries=[PushedEntry(k=entry.k, h=entry.h, c=flipped)])
    session = await shard.connect(till)
    assert nack(await shard.sync.push(session, changed)) == "bad_signature"
    assert await shard.value("SELECT count(*) FROM device_journal") == 0
    assert isinstance(await shard.sync.push(session, push), Ack)


async def test_a_push_to_a_shard_that_does_not_answer_is_refused_unopened(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    session = await shard.connect(till)
    push = till.push()

    async def fail(connection: Connection) -> None:
        await connection.execute("DO $$ BEGIN RAISE EXCEPTION 'ill' USING ERRCODE = '57P03'; END $$")

    for _ in range(FAILURES_MAX):
        with pytest.raises(ShardUnavailable):
            await shard.lane.run(fail)
    # Its signature is wrong, and nobody has looked: what a hanging shard's tills cost is their frames.
    with pytest.raises(ShardUnavailable, match="is not answering"):
        await shard.sync.push(session, msgspec.structs.replace(push, signature=bytes(64)))
    async with asyncio.timeout(30):
        while True:
            try:
                assert isinstance(await shard.sync.push(session, push), Ack)
                break
            except ShardUnavailable as error:
                await asyncio.sleep(error.retry_after_s)


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


async def test_a_hash_that_does_not_follow_is_refused(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1))
    data, _, sealed, key = till.entries[1]
    till.entries[1] = (data, b"x" * 32, sealed, key)
    assert nack(await shard.sync.push(await shard.connect(till), till.push())) == "bad_chain"
    assert await shard.value("SELECT count(*) FROM device_journal") == 0


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


async def test_a_key_that_was_never_given_is_asked_for(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    session = await shard.connect(till)
    answer = await shard.sync.push(session, till.push(keys=False))
    assert isinstance(answer, Nack)
    assert (answer.reason, answer.key_ids) == ("unknown_key", [str(till.shift)])
    assert isinstance(await shard.sync.push(session, till.push()), Ack)
    # a gateway that starts anew opens the stored key again
    till.sell((MILK, 1))
    shard.sync._keys._opened.clear()
    assert isinstance(await shard.sync.push(session, till.push(2, keys=False)), Ack)


async def test_strangers_and_revoked_tills_are_turned_away(shard: Shard, till: JournalWriter) -> None:
    nonce = b"n" * 32
    await shard.sync.refresh()
    answer = await shard.sync.open_session(till.hello(nonce), nonce)
    assert isinstance(answer, Nack)
    assert answer.reason == "unknown_device"
    await shard.enrol(till)
    forged = till.hello(nonce, signature=b"s" * 64)
    answer = await shard.sync.open_session(forged, nonce)
    assert isinstance(answer, Nack)
    assert answer.reason == "bad_signature"
    session = await shard.connect(till)
    await shard.enrol(till, status="revoked")
    answer = await shard.sync.open_session(till.hello(nonce), nonce)
    assert isinstance(answer, Nack)
    assert answer.reason == "revoked"
    till.open_shift()
    assert nack(await shard.sync.push(session, till.push())) == "revoked"


async def test_deltas_bring_a_till_up_to_date_and_later_only_changes(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    for number in range(1200):
        await shard.put_reference("product", f"p{number:04}", {"product_id": f"p{number:04}"})
    await shard.sync.refresh()
    session = await shard.connect(till)
    cursor, keys, pages = START, set(), 0
    while (delta := await shard.sync.delta(session, cursor)) is not None:
        keys |= {row.key for row in delta.rows if row.kind == "product"}
        assert all(row.kind != "device" for row in delta.rows)
        cursor = parse_cursor(delta.cursor)
        pages += 1
    assert (len(keys), pages) == (1200, 3)
    await shard.put_reference("product", "p0007", None)
    assert await shard.sync.delta(session, cursor) is None
    await shard.sync.refresh()
    delta = await shard.sync.delta(session, cursor)
    assert delta is not None
    assert [(row.key, bytes(row.value)) for row in delta.rows] == [("p0007", b"null")]


async def test_a_session_that_a_restored_shard_has_lost_says_hello_again(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    session = await shard.connect(till)
    await shard.pool.execute("UPDATE device_head SET epoch = epoch - 1")
    assert nack(await shard.sync.push(session, till.push())) == "overloaded"
    await shard.pool.execute("DELETE FROM device_head")
    assert nack(await shard.sync.push(session, till.push())) == "overloaded"
    assert await accepted(shard, till) == ["posted"]


async def test_a_till_that_was_told_more_than_a_restored_shard_holds_opens_one_case_and_heals_it(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    assert await accepted(shard, till) == ["posted"]
    till.sell((MILK, 1))
    till.sell((MILK, 1))
    told = till.head  # what a shard acknowledged of which only yesterday's copy is left
    hello = till.hello(b"n" * 32, acked=told)
    assert isinstance(await shard.sync.open_session(hello, b"n" * 32), TillSession)
    session = await shard.sync.open_session(hello, b"n" * 32)
    assert isinstance(session, TillSession)
    assert session.acked.seq == 1
    assert session.is_restored
    assert await shard.cases() == ["shard_went_back"]
    evidence = json.loads(await shard.value("SELECT evidence FROM opened_case"))
    assert (evidence["till_told_seq"], evidence["till_told_hash"]) == (3, told.hash.hex())
    assert (evidence["shard_seq"], evidence["shard_hash"]) == (1, till.hash_at(1).hex())
    assert await shard.value("SELECT case_count FROM device_head") == 1
    ack = await shard.sync.push(session, till.push(2))
    assert isinstance(ack, Ack)
    assert ack.outcomes == ["posted", "posted"]


async def test_a_restored_shard_is_given_the_shift_keys_again(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    assert await accepted(shard, till) == ["posted"]
    async with unguarded(shard.pool):
        await shard.pool.execute(
            "TRUNCATE device_head, device_key, device_journal, push, shift, ledger_line, account_balance"
        )
    nonce = b"n" * 32
    session = await shard.sync.open_session(till.hello(nonce, acked=till.head), nonce)
    assert isinstance(session, TillSession)
    # the gateway has opened this key once, but what it opened is not on the shard's disk any more
    assert nack(await shard.sync.push(session, till.push(keys=False))) == "unknown_key"
    assert isinstance(await shard.sync.push(session, till.push()), Ack)
    assert await shard.value("SELECT count(*) FROM device_key") == 1


async def test_a_gateway_that_outlived_its_restored_shard_hears_of_tills_that_come_after(
    shard: Shard, till: JournalWriter
) -> None:
    outliving = Mirror("kw-1")
    await outliving.refresh(shard.lane)
    # An older copy: what was here has an older place, and what comes next lies before ours.
    await shard.enrol(till)
    await shard.pool.execute("UPDATE reference SET xid = CASE kind WHEN 'device' THEN '5' ELSE '4' END::xid8")
    await outliving.refresh(shard.lane)
    assert outliving.device(till.device) is not None


async def test_a_till_that_was_told_what_the_shard_holds_opens_no_case(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    assert await accepted(shard, till) == ["posted"]
    till.sell((MILK, 1))
    hello = till.hello(b"n" * 32, acked=Head(1, till.hash_at(1)))
    assert isinstance(await shard.sync.open_session(hello, b"n" * 32), TillSession)
    # An ack that was lost on the way: the shard holds more than the till was told.
    assert await accepted(shard, till, first=2) == ["posted"]
    assert isinstance(await shard.sync.open_session(hello, b"n" * 32), TillSession)
    assert await shard.cases() == []


async def test_an_unknown_kind_with_a_null_byte_is_quarantined_like_any_other(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.write(b'{"kind":"sale\\u0000x"}')
    till.sell((MILK, 1))
    assert await accepted(shard, till) == ["posted", "quarantined", "posted"]


async def test_a_fork_shows_in_the_tills_health_and_keeps_the_keys_to_read_it(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    await accepted(shard, till)
    clone = JournalWriter(private=till.private)
    clone.open_shift()
    session = await shard.connect(till)
    assert nack(await shard.sync.push(session, clone.push())) == "fork"
    assert await shard.value("SELECT case_count FROM device_head") == 1
    assert await shard.value("SELECT count(*) FROM device_key WHERE key_id = $1", str(clone.shift)) == 1
    assert nack(await shard.sync.push(session, clone.push())) == "fork"
    assert await shard.value("SELECT case_count FROM device_head") == 1
