"""Pushes to a shard that was restored from a copy: what was lost is sent again, and one case says so."""

from __future__ import annotations

import json

from octonext.sync.messages import Ack, Head
from octonext.sync.service import TillSession
from octonext.sync.service.mirror import Mirror
from unguarded import unguarded

from .conftest import MILK, JournalWriter, Shard, accepted, nack


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
