"""The conversation with real tills over TLS: order, limits, fencing, deltas, drain, and garbage."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket as sockets
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from octonext.base.clock import SystemClock
from octonext.crypto.envelope import generate_shard_key, shard_public_spki
from octonext.crypto.tls import client_context, ensure_server_certificate
from octonext.edge.authentication import TokenCache
from octonext.edge.refused_attempts import RefusedAttempts
from octonext.processes.gateway import build
from octonext.runtime.metrics import Registry
from octonext.sync import socket as socket_module
from octonext.sync.messages import (
    FRAME_BYTES_MAX,
    PROTOCOL,
    Ack,
    Challenge,
    Delta,
    DeltaAck,
    Drain,
    FromServer,
    FromTill,
    Nack,
    Ping,
    Pong,
    ShardKey,
    Welcome,
    decode_from_server,
    encode,
)
from octonext.sync.metrics import SyncMetrics
from octonext.sync.socket import SyncServer

from .conftest import MILK, SHARD_KEY, JournalWriter, Shard

DEADLINE_S = 15


class Line:
    """One WebSocket as a till holds it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: FromTill) -> None:
        await self.connection.send(encode(message).decode())

    async def receive(self) -> FromServer:
        async with asyncio.timeout(DEADLINE_S):
            return decode_from_server(await self.connection.recv())

    async def hello(self, till: JournalWriter, **changes: Any) -> Welcome:
        answer = await self.try_hello(till, **changes)
        assert isinstance(answer, Welcome), answer
        return answer

    async def try_hello(self, till: JournalWriter, **changes: Any) -> FromServer:
        challenge = await self.receive()
        assert isinstance(challenge, Challenge)
        await self.send(till.hello(challenge.nonce, **changes))
        return await self.receive()

    async def is_hung_up_on(self) -> bool:
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    await self.connection.recv()
        return True


@dataclass
class Gateway:
    """A gateway in this process, on a real port."""

    port: int
    tls: ssl.SSLContext
    sync: SyncServer

    @contextlib.asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        async with connect(
            f"wss://127.0.0.1:{self.port}/sync/v1",
            ssl=self.tls,
            subprotocols=[PROTOCOL],  # type: ignore[list-item]
            max_size=2**20,
        ) as connection:
            yield Line(connection)


async def _no_tokens(_digest: bytes) -> None:
    return None


@pytest_asyncio.fixture
async def gateway(shard: Shard, tmp_path: Path) -> AsyncIterator[Gateway]:
    files = ensure_server_certificate(
        tmp_path / "tls", ["127.0.0.1"], now=datetime.now(UTC), installation="test"
    )
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clock, registry = SystemClock(), Registry()
    sync = SyncServer([shard.sync], clock=clock, metrics=SyncMetrics(registry))
    app = build(
        tokens=TokenCache(_no_tokens, clock),
        hq=None,
        sync=sync,
        lanes=[shard.lane],
        reporting=None,
        registry=registry,
    )
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        ssl_cert=files.certificate,
        ssl_key=files.key,
        log_enabled=False,
    )
    serving = asyncio.ensure_future(server.serve())
    async with asyncio.timeout(DEADLINE_S):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.01)
    yield Gateway(port, client_context(files.root), sync)
    await sync.drain(2)
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait({serving}, timeout=DEADLINE_S)


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


async def test_a_stranger_is_told_so_and_hung_up_on(gateway: Gateway, till: JournalWriter) -> None:
    await gateway.sync.shards[0].refresh()
    async with gateway.line() as line:
        refused = await line.try_hello(till)
        assert isinstance(refused, Nack)
        assert refused.reason == "unknown_device"
        assert await line.is_hung_up_on()
    async with gateway.line() as line:
        refused = await line.try_hello(till, branch=404)
        assert isinstance(refused, Nack)
        assert refused.reason == "unknown_device"


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        '{"t":"surprise"}',
        '{"t":"hello"}',
        '{"t":"push","first":1}',
        '{"t":"ack"}',
        '{"t":"pong"}' + " " * FRAME_BYTES_MAX,
        "é" * (FRAME_BYTES_MAX // 2 + 1),
        "[" * 100_000,
        b"\x00\x01",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
    ids=lambda frame: repr(frame[:20]),
)
async def test_garbage_gets_a_reason_and_nobody_else_notices(
    gateway: Gateway, shard: Shard, till: JournalWriter, frame: str | bytes
) -> None:
    await shard.enrol(till)
    till.open_shift()
    async with gateway.line() as good, gateway.line() as bad:
        await good.hello(till)
        assert isinstance(await bad.receive(), Challenge)
        await bad.connection.send(frame)
        refused = await bad.receive()
        assert isinstance(refused, Nack)
        assert refused.reason == "bad_frame"
        assert refused.detail
        assert await bad.is_hung_up_on()
        await good.send(till.push())
        assert isinstance(await good.receive(), Ack)


async def test_a_hello_that_no_database_can_hold_gets_a_reason(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    async with gateway.line() as line:
        refused = await line.try_hello(till, app="till\0")
        assert isinstance(refused, Nack)
        assert refused.reason == "bad_frame"
        assert await line.is_hung_up_on()


async def test_a_ten_megabyte_frame_is_refused_and_the_journal_stays_whole(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    async with gateway.line() as line:
        await line.hello(till)
        await line.connection.send("x" * 10 * 2**20)
        refused = await line.receive()
        assert isinstance(refused, Nack)
        assert refused.reason == "bad_frame"
    async with gateway.line() as line:
        assert (await line.hello(till)).acked.seq == 0


async def test_who_connects_and_never_speaks_is_hung_up_on(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "HELLO_TIMEOUT_S", 0.2)
    async with gateway.line() as line:
        assert isinstance(await line.receive(), Challenge)
        assert await line.is_hung_up_on()
    async with asyncio.timeout(DEADLINE_S):
        while gateway.sync.connected:
            await asyncio.sleep(0.01)


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


async def test_tls_1_2_is_refused(gateway: Gateway) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", gateway.port, ssl=context)


async def test_a_hello_that_is_forged_or_of_a_revoked_till_is_an_event_and_an_honest_one_is_none(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    # Any database that keeps events will do here; a gateway tells head office.
    gateway.sync.refused = RefusedAttempts(lambda: shard.pool, SystemClock())
    await shard.enrol(till)
    async with gateway.line() as line:
        await line.hello(till)
        till.open_shift()
        await line.send(msgspec.structs.replace(till.push(), signature=bytes(64)))
        refused = await line.receive()
        assert isinstance(refused, Nack)
        assert refused.reason == "bad_signature"
    for _ in range(5):
        async with gateway.line() as line:
            answer = await line.try_hello(till, signature=bytes(64))
            assert isinstance(answer, Nack)
            assert answer.reason == "bad_signature"
    await shard.enrol(till, status="revoked")
    await shard.sync.refresh()
    async with gateway.line() as line:
        answer = await line.try_hello(till)
        assert isinstance(answer, Nack)
        assert answer.reason == "revoked"
    await gateway.sync.refused.record()
    rows = await shard.pool.fetch(
        "SELECT c.after::text AS detail, t.actor_kind, host(t.actor_ip) AS ip FROM audit_change c"
        " JOIN audit_transaction t ON t.at = c.at AND t.xid = c.xid"
        " WHERE c.key::json ->> 'event' = 'till_turned_away'"
    )
    (event,) = rows
    detail = json.loads(event["detail"])
    assert (event["actor_kind"], event["ip"], detail["times"]) == ("anonymous", "127.0.0.1", 7)
    whose = {"device_id": till.device, "branch_id": till.branch}
    assert detail["attempts"] == [
        {"reason": "bad_signature", "stage": "push"} | whose,
        {"reason": "bad_signature", "stage": "hello"} | whose,
        {"reason": "revoked", "stage": "hello"} | whose,
    ]
