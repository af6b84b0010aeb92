"""A small chain in one process: networks come and go, and the sums agree to the last fils."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from octonext.crypto import tls
from octonext.crypto.signature import generate_device_key, private_to_der
from octonext.sales.domain import find_disagreement
from octonext.sales.entries import Return, Sale, decode_entry
from octonext.sync.messages import Challenge, Hello, decode_from_till, encode
from octonext.till.domain.pen import Written
from octonext.till.domain.totals import Totals
from octonext.till.fleet import Fleet, Pace
from octonext.till.store import Identity, Journal
from tls_listener import listening_context

pytestmark = pytest.mark.asyncio
TILLS = 6


@pytest.fixture
def chain(tmp_path: Path, identity: Identity, shard: Any) -> dict[int, Any]:
    """Six enrolled tills of one branch, and a recording shard for each."""
    shards = {}
    for number in range(1, TILLS + 1):
        own = dataclasses.replace(
            identity,
            device_id=number,
            device_code=f"T{number:02d}",
            device_key=private_to_der(generate_device_key()),
        )
        Journal.create(tmp_path / "fleet" / f"till-{number}", own).close()
        shards[number] = dataclasses.replace(
            shard, identity=own, hashes=[], plaintexts=[], keys={}, refusals=[]
        )
    return shards


class _Replayed:
    """A socket whose first frame has been read already."""

    def __init__(self, socket: ServerConnection, first: Any) -> None:
        self._socket, self._first = socket, first

    async def send(self, data: bytes, *, text: bool) -> None:
        if b'"t":"challenge"' not in data:
            await self._socket.send(data, text=text)

    async def recv(self) -> Any:
        return self._first

    def __aiter__(self) -> Any:
        return self._socket.__aiter__()


@asynccontextmanager
async def served(tmp_path: Path, chain: dict[int, Any]) -> AsyncIterator[tuple[str, Path]]:
    async def converse(socket: ServerConnection) -> None:
        await socket.send(encode(Challenge(bytes(32), 0)), text=True)
        frame = await socket.recv()
        hello = decode_from_till(frame)
        assert isinstance(hello, Hello)
        await chain[hello.device].converse(_Replayed(socket, frame))

    files = tls.ensure_server_certificate(tmp_path / "tls", [], now=datetime.now(UTC))
    async with serve(
        converse,
        "127.0.0.1",
        0,
        ssl=listening_context(files),
        subprotocols=["octonext.sync.v1"],  # type: ignore[list-item]
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"https://127.0.0.1:{port}", files.root


async def test_what_the_shards_hold_is_what_the_journals_say(tmp_path: Path, chain: dict[int, Any]) -> None:
    shown: list[tuple[int, int]] = []

    def show(till: Identity, written: Sequence[Written]) -> None:
        shown.extend((till.device_id, item.sealed.seq) for item in written)

    async with (
        served(tmp_path, chain) as (url, ca),
        Fleet.running(tmp_path / "fleet", urls=[url], ca=ca, seed=7, on_receipts=show) as fleet,
    ):
        await fleet.ready(60)
        await fleet.open_shifts(20_000)
        await fleet.stock_up(50)
        fleet.start_selling(Pace(per_s=None, batch=8, limit=40), offline=0.4, window_s=(0.01, 0.05))
        await fleet.sold_out()
        await fleet.stop_selling()
        await fleet.close_shifts()
        assert await fleet.drain(60)
        counters = fleet.counters()
        totals = fleet.totals()
    assert counters.backlog == 0
    assert counters.online == TILLS
    assert totals.kinds["sale"] == counters.sales
    # Every receipt was shown, and the stock's entry; what opens and closes a shift is no customer's.
    assert len(shown) == len(set(shown)) == counters.sales + counters.returns + 1
    assert totals.kinds["return"] == counters.returns
    assert totals.kinds["sale"] + totals.kinds["return"] == TILLS * 40
    assert totals.branches[3].total == counters.money["KWD"]
    assert sum(totals.branches[3].tenders.values()) == totals.branches[3].total
    held = Totals()
    for one in chain.values():
        held.add(3, "KWD", map(decode_entry, one.plaintexts))
    assert held == totals


async def test_every_basket_passes_the_shards_own_check(tmp_path: Path, chain: dict[int, Any]) -> None:
    async with (
        served(tmp_path, chain) as (url, ca),
        Fleet.running(tmp_path / "fleet", urls=[url], ca=ca) as fleet,
    ):
        await fleet.ready(60)
        await fleet.open_shifts()
        fleet.start_selling(Pace(per_s=None, batch=16, limit=100))
        await fleet.sold_out()
        assert await fleet.drain(60)
    for one in chain.values():
        for plaintext in one.plaintexts:
            entry = decode_entry(plaintext)
            if isinstance(entry, Sale | Return):
                assert find_disagreement(entry) is None


async def test_a_till_that_is_cut_waits_and_the_others_go_on(
    tmp_path: Path, chain: dict[int, Any], eventually: Any
) -> None:
    async with (
        served(tmp_path, chain) as (url, ca),
        Fleet.running(tmp_path / "fleet", urls=[url], ca=ca) as fleet,
    ):
        await fleet.ready(60)
        await fleet.open_shifts()
        assert await fleet.drain(60)
        fleet.cut(2)
        fleet.start_selling(Pace(per_s=None, batch=4, limit=8))
        await fleet.sold_out()
        await eventually(lambda: fleet.counters().backlog_by_shard["kw-1"] == 8)
        views = {view.device_id: view for view in fleet.counters().tills}
        assert views[2].cut
        assert views[2].backlog == 8
        assert fleet.counters().offline == 1
        assert await fleet.drain(60)
    assert chain[2].head.seq == 9


async def test_the_same_seed_gives_the_same_baskets(tmp_path: Path, chain: dict[int, Any]) -> None:
    async def day(folder: Path) -> Totals:
        async with (
            served(tmp_path, chain) as (url, ca),
            Fleet.running(folder, urls=[url], ca=ca, seed=3) as fleet,
        ):
            await fleet.ready(60)
            await fleet.open_shifts()
            fleet.start_selling(Pace(per_s=None, batch=5, limit=20))
            await fleet.sold_out()
            return fleet.totals()

    first = await day(tmp_path / "fleet")
    for one in chain.values():
        Journal.create(tmp_path / "again" / f"till-{one.identity.device_id}", one.identity).close()
        one.hashes.clear()
        one.plaintexts.clear()
    assert await day(tmp_path / "again") == first


async def test_a_restarted_fleet_takes_up_its_shifts(tmp_path: Path, chain: dict[int, Any]) -> None:
    for _ in range(2):
        async with (
            served(tmp_path, chain) as (url, ca),
            Fleet.running(tmp_path / "fleet", urls=[url], ca=ca) as fleet,
        ):
            await fleet.ready(60)
            await fleet.open_shifts()
            fleet.start_selling(Pace(per_s=None, batch=5, limit=5))
            await fleet.sold_out()
            assert await fleet.drain(60)
            totals = fleet.totals()
    assert totals.kinds["shift_opened"] == TILLS
    assert totals.kinds["sale"] + totals.kinds["return"] == TILLS * 10


async def test_giving_up_waiting_stops_no_till(tmp_path: Path, chain: dict[int, Any]) -> None:
    async with (
        served(tmp_path, chain) as (url, ca),
        Fleet.running(tmp_path / "fleet", urls=[url], ca=ca) as fleet,
    ):
        await fleet.ready(60)
        await fleet.open_shifts()
        fleet.start_selling(Pace(per_s=200))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await fleet.sold_out()
        await fleet.stop_selling()
        assert await fleet.drain(60)
        totals = fleet.totals()
    assert totals.kinds["sale"] > 0
    assert sum(len(one.hashes) for one in chain.values()) == totals.entries
