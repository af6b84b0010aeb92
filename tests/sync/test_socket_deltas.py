"""Deltas over a real line: one after the other, again after a loss, and from the beginning."""

from __future__ import annotations

import json

import pytest

from octonext.sync import socket as socket_module
from octonext.sync.messages import Delta, DeltaAck, Nack, Ping, Pong

from .conftest import JournalWriter, Shard
from .gateway import Gateway, Line


async def test_a_till_that_subscribes_gets_deltas_one_after_the_other(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    for number in range(600):
        await shard.put_reference("product", f"p{number}", {"product_id": f"p{number}"})
    await shard.sync.refresh()
    seen: list[str] = []

    async def take(line: Line) -> Delta:
        delta = await line.receive()
        assert isinstance(delta, Delta), delta
        seen.extend(row.key for row in delta.rows if row.kind == "product")
        await line.send(DeltaAck(feed=delta.feed, cursor=delta.cursor))
        return delta

    async with gateway.line() as line:
        await line.hello(till, cursors={"reference": ""})
        while (delta := await take(line)).more:
            pass
        assert sorted(seen) == sorted(f"p{number}" for number in range(600))
        await shard.put_reference("product", "p7", None)
        await shard.sync.refresh()
        changed = await take(line)
        assert [(row.key, json.loads(bytes(row.value))) for row in changed.rows] == [("p7", None)]
    async with gateway.line() as line:
        await line.hello(till, cursors={"reference": changed.cursor})
        await line.send(Ping())
        assert isinstance(await line.receive(), Pong)
        del delta


async def test_a_till_that_could_not_be_given_a_delta_is_hung_up_on_and_given_it_when_it_is_back(
    gateway: Gateway, shard: Shard, till: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line on which the feed has ended would bring no price any more, and nobody would notice."""
    await shard.enrol(till)
    await shard.sync.refresh()
    async with gateway.line() as line:
        await line.hello(till, cursors={"reference": ""})
        first = await line.receive()
        assert isinstance(first, Delta), first
        await line.send(DeltaAck(feed=first.feed, cursor=first.cursor))
        await line.send(Ping())
        assert isinstance(await line.receive(), Pong)
        with monkeypatch.context() as slow:
            slow.setattr(socket_module, "SEND_TIMEOUT_S", 0)
            await shard.put_reference("product", "milk", {"name_en": "Milk"})
            await shard.sync.refresh()
            assert await line.is_hung_up_on()
    async with gateway.line() as line:
        await line.hello(till, cursors={"reference": first.cursor})
        again = await line.receive()
        assert isinstance(again, Delta), again
        assert "milk" in [row.key for row in again.rows]


async def test_a_till_of_a_restored_shard_is_given_the_reference_from_the_beginning(
    shard: Shard, gateway: Gateway, till: JournalWriter
) -> None:
    """Its cursor is of a history that is lost, and what came since may lie before it."""
    await shard.enrol(till)
    till.open_shift()
    await shard.put_reference("product", "milk", {"name_en": "Milk"})
    await shard.sync.refresh()
    async with gateway.line() as line:
        told = till.head
        await line.hello(till, acked=told, cursors={"reference": "999999999.1"})
        delta = await line.receive()
        assert isinstance(delta, Delta), delta
        assert "milk" in [row.key for row in delta.rows]


async def test_a_delta_ack_out_of_turn_is_a_bad_frame(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    async with gateway.line() as line:
        await line.hello(till)
        await line.send(DeltaAck(feed="reference", cursor="7.7"))
        refused = await line.receive()
        assert isinstance(refused, Nack)
        assert refused.reason == "bad_frame"
