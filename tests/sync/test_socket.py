"""The conversation with real tills over TLS: order, keys, fencing and drain."""

from __future__ import annotations

import asyncio

from octonext.crypto.envelope import generate_shard_key, shard_public_spki
from octonext.sync.messages import Ack, Challenge, Delta, Drain, Nack, Ping, Pong, ShardKey

from .conftest import MILK, SHARD_KEY, JournalWriter, Shard
from .gateway import DEADLINE_S, Gateway


async def test_a_till_says_hello_pushes_and_is_acknowledged(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 2))
    async with gateway.line() as line:
        welcome = await line.hello(till)
        assert welcome.acked.seq == 0
        assert welcome.credits.entries >= 64
        await line.send(till.push())
        ack = await line.receive()
        assert isinstance(ack, Ack)
        assert (ack.acked, ack.outcomes, ack.credits.entries) == (till.head, ["posted"] * 2, 2)
        await line.send(Ping())
        assert isinstance(await line.receive(), Pong)
    async with gateway.line() as line:
        assert (await line.hello(till)).acked == till.head


async def test_a_rotated_sync_key_is_told_to_the_tills_that_are_connected_and_to_those_that_come(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    rotated = generate_shard_key()
    async with gateway.line() as line, gateway.line() as silent:
        assert (await line.hello(till)).shard_key == shard_public_spki(SHARD_KEY)
        assert isinstance(await silent.receive(), Challenge)
        assert shard.sync.use_keys([rotated, SHARD_KEY])
        await gateway.sync.announce_key(shard.sync)
        assert await line.receive() == ShardKey(key=shard_public_spki(rotated))
        # who has not said who it is hears nothing but the answer to its hello
        await silent.send(till.hello(b"?" * 32))
        assert isinstance(await silent.receive(), Nack)
    async with gateway.line() as line:
        assert (await line.hello(till)).shard_key == shard_public_spki(rotated)


async def test_pushes_on_the_way_together_are_answered_in_order(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    for _ in range(9):
        till.sell((MILK, 1))
    async with gateway.line() as line:
        await line.hello(till)
        for first in range(1, 11):
            await line.send(till.push(first, first))
        acks = [await line.receive() for _ in range(10)]
    assert [ack.acked.seq for ack in acks if isinstance(ack, Ack)] == list(range(1, 11))


async def test_the_older_connection_of_a_till_is_fenced(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    async with gateway.line() as older, gateway.line() as newer:
        await older.hello(till)
        await newer.hello(till)
        await older.send(till.push())
        refused = await older.receive()
        assert isinstance(refused, Nack)
        assert refused.reason == "fenced"
        assert await older.is_hung_up_on()
        await newer.send(till.push())
        assert isinstance(await newer.receive(), Ack)


async def test_draining_asks_tills_to_leave_and_takes_no_new_ones(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    async with gateway.line() as line:
        await line.hello(till)
        # a till that wants no feed, long after its welcome
        await line.send(Ping())
        assert isinstance(await line.receive(), Pong)
        draining = asyncio.ensure_future(gateway.sync.drain(DEADLINE_S))
        assert isinstance(await line.receive(), Drain)
        async with gateway.line() as late:
            refused = await late.receive()
            assert isinstance(refused, Nack)
            assert refused.reason == "overloaded"
    await draining
    assert gateway.sync.connected == 0


async def test_pushes_are_answered_while_the_gateway_drains(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1))
    async with gateway.line() as line:
        await line.hello(till, cursors={"reference": ""})
        while not isinstance(delta := await line.receive(), Delta) or delta.more:
            pass
        # the delta is never acknowledged: what waits for that must not keep the drain from the till
        draining = asyncio.ensure_future(gateway.sync.drain(DEADLINE_S))
        assert isinstance(await line.receive(), Drain)
        for seq in (1, 2):
            await line.send(till.push(seq, seq))
        for seq in (1, 2):
            ack = await line.receive()
            assert isinstance(ack, Ack)
            assert ack.acked.seq == seq
    await draining
    assert await shard.value("SELECT seq FROM device_head") == 2
