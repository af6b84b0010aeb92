"""Whom the gateway turns away on a real line, and what it takes as a frame: garbage gets a reason."""

from __future__ import annotations

import asyncio
import json
import ssl

import msgspec
import pytest
from websockets.exceptions import InvalidStatus

from octonext.base.clock import SystemClock
from octonext.edge.headers import SECURITY_HEADERS
from octonext.edge.refused_attempts import RefusedAttempts
from octonext.sync import socket as socket_module
from octonext.sync.messages import FRAME_BYTES_MAX, Ack, Challenge, Nack

from .conftest import JournalWriter, Shard
from .gateway import DEADLINE_S, Gateway


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


async def test_a_page_of_somebody_else_gets_no_line_and_is_told_like_any_other_refused_request(
    gateway: Gateway,
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with gateway.line(origin="https://evil.example"):
            pass
    answer = refused.value.response
    assert answer.status_code == 403
    assert json.loads(answer.body)["code"] == "foreign_origin"
    for name, value in SECURITY_HEADERS:
        assert answer.headers[name.decode()] == value.decode()
    assert json.loads(answer.body)["request_id"] == answer.headers["x-request-id"]


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
