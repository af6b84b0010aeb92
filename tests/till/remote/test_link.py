"""A till and a shard over a real WebSocket with TLS 1.3."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from octonext.crypto.envelope import generate_shard_key, shard_public_spki, unwrap_for_shard
from octonext.crypto.errors import EnvelopeRefused
from octonext.crypto.tls import client_context
from octonext.sync.messages import DeltaRow, Nack, ShardKey, encode
from octonext.till.domain.cart import Item
from octonext.till.domain.connection import State
from octonext.till.remote import Link
from octonext.till.service import Till
from octonext.till.store import Journal

MILK = "6291003100018"
PIN = "4711"

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def running(link: Link) -> AsyncIterator[None]:
    task = asyncio.create_task(link.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_till_hands_over_its_day_and_fetches_prices(
    open_till: Till, shard: Any, gateway: Any, eventually: Any
) -> None:
    open_till.journal.reference.store("reference", "", [])
    for _ in range(40):
        open_till.sell([Item(MILK)], [])
    async with gateway(shard) as (url, ca):
        link = Link(open_till.journal, urls=[url], context=client_context(ca))
        async with running(link):
            await eventually(lambda: link.connection.drained and link.connection.feeds_current)
            open_till.sell([Item(MILK)], [])
            link.appended()
            await eventually(lambda: open_till.journal.acked.seq == 42)
    assert shard.head.hash == open_till.journal.place.hash
    assert shard.pushes == 4
    assert open_till.journal.reference.cursors() == {"reference": "1.1"}


async def test_a_cut_line_heals_and_nothing_is_lost(
    open_till: Till, shard: Any, gateway: Any, eventually: Any
) -> None:
    async with gateway(shard) as (url, ca):
        link = Link(open_till.journal, urls=[url], context=client_context(ca), fraction=lambda: 0.01)
        async with running(link):
            await eventually(lambda: link.connection.drained)
            link.cut()
            await eventually(lambda: link.connection.state is not State.ONLINE)
            open_till.sell([Item(MILK)], [])
            link.appended()
            assert shard.head.seq == 1
            link.restore()
            await eventually(lambda: shard.head.seq == 2 and link.connection.drained)


async def test_a_till_that_a_gateway_troubles_comes_back_at_the_next_one(
    open_till: Till, shard: Any, gateway: Any, eventually: Any
) -> None:
    troubled, sound = shard, dataclasses.replace(shard, hashes=[], plaintexts=[], keys={}, refusals=[])
    troubled.refusals = [Nack(reason="fenced", detail="")] * 9
    async with gateway(troubled) as (first, ca), gateway(sound) as (second, _):
        urls = [first, second] if open_till.identity.device_id % 2 == 0 else [second, first]
        link = Link(open_till.journal, urls=urls, context=client_context(ca), fraction=lambda: 0.01)
        async with running(link):
            await eventually(lambda: link.connection.drained)
    assert (troubled.pushes, sound.pushes) == (1, 1)


async def test_a_bad_reference_row_is_named_in_an_alarm_and_uploads_go_on(
    open_till: Till, shard: Any, gateway: Any, eventually: Any
) -> None:
    open_till.journal.reference.store("reference", "", [])
    shard.rows.append(DeltaRow(kind="cashier", key="c-9", value=Raw(b'{"pin_hash": "secret"}')))
    async with gateway(shard) as (url, ca):
        link = Link(open_till.journal, urls=[url], context=client_context(ca))
        async with running(link):
            await eventually(lambda: link.connection.drained and link.connection.feeds_current)
            open_till.sell([Item(MILK)], [])
            link.appended()
            await eventually(lambda: open_till.journal.acked.seq == 2)
    [(_, reason, detail)] = open_till.journal.alarms(5)
    assert reason == "bad_reference"
    assert detail.endswith(": cashier c-9")
    assert open_till.journal.reference.cursors() == {"reference": "1.1"}


async def test_a_fork_stops_the_link_and_leaves_an_alarm(open_till: Till, shard: Any, gateway: Any) -> None:
    shard.refusals = [Nack(reason="fork", detail="two histories")]
    async with gateway(shard) as (url, ca):
        link = Link(open_till.journal, urls=[url], context=client_context(ca))
        async with asyncio.timeout(60):
            await link.run()
    assert link.connection.state is State.STOPPED
    [(_, reason, detail)] = open_till.journal.alarms(5)
    assert (reason, detail) == ("forked", "two histories")


async def test_a_rotated_shard_key_reaches_a_running_till_and_the_next_shift_is_wrapped_for_it(
    open_till: Till, shard: Any, gateway: Any, eventually: Any
) -> None:
    second, third = generate_shard_key(), generate_shard_key()
    shard.told_key = shard_public_spki(second)
    journal = open_till.journal
    async with gateway(shard) as (url, ca):
        link = Link(journal, urls=[url], context=client_context(ca))
        async with running(link):
            await eventually(lambda: link.connection.drained)
            assert journal.identity.shard_public_key == shard.told_key
            await shard.lines[-1].send(encode(ShardKey(key=shard_public_spki(third))), text=True)
            await eventually(lambda: journal.identity.shard_public_key == shard_public_spki(third))
            assert link.connection.state is State.ONLINE
            open_till.close_shift(20_000)
            open_till.open_shift("C1", PIN, 20_000)
    first_key, next_key = (each for each in journal.wrapped_keys())
    for wrapped, private in ((first_key, shard.private), (next_key, third)):
        assert unwrap_for_shard(wrapped.for_shard, private, device=7, key_id=wrapped.key_id)
    with pytest.raises(EnvelopeRefused):
        unwrap_for_shard(next_key.for_shard, shard.private, device=7, key_id=next_key.key_id)


async def test_a_shard_key_that_is_none_leaves_an_alarm_and_the_key_that_works(
    open_till: Till, shard: Any, gateway: Any, eventually: Any
) -> None:
    before = open_till.journal.identity.shard_public_key
    shard.told_key = b"\x30" * 91
    async with gateway(shard) as (url, ca):
        link = Link(open_till.journal, urls=[url], context=client_context(ca))
        async with running(link):
            await eventually(lambda: link.connection.drained)
    assert open_till.journal.identity.shard_public_key == before
    assert open_till.journal.alarms(1)[0][1] == "bad_shard_key"


async def test_a_shard_key_is_there_after_the_till_was_started_again(till: Till, tmp_path: Path) -> None:
    rotated = shard_public_spki(generate_shard_key())
    till.journal.store_shard_key(rotated)
    till.journal.close()
    again = Journal.open(tmp_path / "till")
    assert again.identity.shard_public_key == rotated
    assert again.identity.device_share == till.identity.device_share
    again.close()


async def test_an_authority_that_is_not_ours_is_not_spoken_to(
    open_till: Till, shard: Any, gateway: Any, eventually: Any
) -> None:
    async with gateway(shard) as (url, _):
        link = Link(open_till.journal, urls=[url], context=client_context(None), fraction=lambda: 0.0)
        async with running(link):
            await eventually(lambda: "certificate" in link.last_failure.lower())
    assert shard.head.seq == 0
