"""The simulated network: streams keep their order, lose what is on the way, and block one way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import msgspec
import pytest

from octonext.processes.simulate.loop import VirtualLoop
from octonext.processes.simulate.network import Network, Stream, flipped
from octonext.processes.simulate.node import Node

Live = Callable[[Network, Stream], Coroutine[Any, Any, None]]


@pytest.fixture
def till() -> Node:
    return Node("till")


@pytest.fixture
def gateway() -> Node:
    return Node("gateway")


@pytest.fixture
def connected(till: Node, gateway: Node) -> Callable[[Live], None]:
    def run(live: Live) -> None:
        async def connect() -> None:
            network = Network(Random(1))
            network.weather.silent_end = 0.0
            await live(network, await network.connect(till, gateway))

        VirtualLoop().run_until_complete(connect())

    return run


def test_frames_arrive_in_their_order(connected: Callable[[Live], None]) -> None:
    async def live(network: Network, stream: Stream) -> None:
        network.weather.jitter_s = 5.0
        for number in range(20):
            stream.send(stream.client, str(number))
        assert [await stream.server.take() for _ in range(20)] == [str(number) for number in range(20)]

    connected(live)


def test_what_was_sent_before_an_abort_still_arrives(connected: Callable[[Live], None]) -> None:
    async def live(_: Network, stream: Stream) -> None:
        stream.send(stream.client, "late")
        stream.abort(stream.client)
        assert await stream.server.take() == "late"
        assert await stream.server.take() is None
        with pytest.raises(ConnectionResetError):
            stream.send(stream.client, "never")

    connected(live)


def test_a_cut_line_loses_what_is_on_the_way_and_ends_both_sides(connected: Callable[[Live], None]) -> None:
    async def live(_: Network, stream: Stream) -> None:
        stream.send(stream.client, "lost")
        stream.cut()
        assert await stream.server.take() is None
        assert await stream.client.take() is None

    connected(live)


def test_a_blocked_direction_holds_frames_and_lets_the_other_pass(
    connected: Callable[[Live], None],
) -> None:
    async def live(network: Network, stream: Stream) -> None:
        network.block("till", "gateway")
        stream.send(stream.client, "held")
        stream.send(stream.server, "passes")
        assert await stream.client.take() == "passes"
        await asyncio.sleep(5)
        assert not stream.server.arrived
        network.open("till", "gateway")
        assert await stream.server.take() == "held"

    connected(live)


def test_a_line_that_stays_blocked_is_given_up_by_its_sender(connected: Callable[[Live], None]) -> None:
    async def live(network: Network, stream: Stream) -> None:
        network.block("till", "*")
        stream.send(stream.client, "held")
        assert await stream.client.take() is None

    connected(live)


def test_nobody_answers_for_a_process_that_is_dead(till: Node, gateway: Node) -> None:
    async def live() -> None:
        gateway.alive = False
        with pytest.raises(ConnectionRefusedError):
            await Network(Random(1)).connect(till, gateway)

    VirtualLoop().run_until_complete(live())


def test_a_flipped_frame_differs_in_one_ciphertext_only() -> None:
    frame = msgspec.json.encode({"t": "push", "entries": [{"h": b"h" * 32, "c": b"c" * 60}]}).decode()
    other = flipped(frame, Random(3))
    was, now = (msgspec.json.decode(each)["entries"][0] for each in (frame, other))
    assert was["h"] == now["h"]
    assert was["c"] != now["c"]
    assert flipped('{"t":"ping"}', Random(3)) == '{"t":"ping"}'
