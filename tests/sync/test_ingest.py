"""What a push does to a real shard: booked once, whole, and only in the order of its chain."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from octonext.runtime.postgres import Connection
from octonext.shards.breaker import FAILURES_MAX
from octonext.shards.lane import ShardUnavailable
from octonext.sync.messages import Ack, Nack, PushedEntry

from .conftest import MILK, RICE, JournalWriter, Shard, accepted, nack


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


async def test_a_hash_that_does_not_follow_is_refused(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1))
    data, _, sealed, key = till.entries[1]
    till.entries[1] = (data, b"x" * 32, sealed, key)
    assert nack(await shard.sync.push(await shard.connect(till), till.push())) == "bad_chain"
    assert await shard.value("SELECT count(*) FROM device_journal") == 0


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
