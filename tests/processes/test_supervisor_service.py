"""What the supervisor does on its own, without starting any process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from octonext.processes.init import write_configuration
from octonext.processes.supervisor import service
from octonext.processes.supervisor.ports import PortUnavailable
from octonext.processes.supervisor.service import Supervisor
from octonext.runtime.layout import Layout

Eventually = Callable[..., Awaitable[None]]


def supervisor_in(folder: Path, **gateway: str) -> Supervisor:
    write_configuration(folder, name="test", at_rest="none", shards=["kw-1:KW:KW"], **gateway)  # type: ignore[arg-type]
    return Supervisor(Layout(folder))


async def test_a_refused_start_leaves_no_socket_folder(data_dir: Path) -> None:
    supervisor = supervisor_in(data_dir, host="no-such-host.invalid")
    with pytest.raises(PortUnavailable):
        await supervisor.run()
    assert not supervisor.layout.socket_dir.exists()


@pytest.mark.parametrize("broken", ["_renew_certificate", "_partitions_ahead"])
async def test_a_daily_job_that_fails_is_tried_again_soon_and_stops_no_other(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, eventually: Eventually, broken: str
) -> None:
    supervisor = supervisor_in(data_dir)
    done = dict.fromkeys(("_renew_certificate", "_partitions_ahead"), 0)

    def job(name: str) -> Callable[[], Awaitable[bool]]:
        async def run() -> bool:
            done[name] += 1
            if name == broken:
                raise OSError("No space left on device")
            return True

        return run

    for name in done:
        monkeypatch.setattr(supervisor, name, job(name))
    monkeypatch.setattr(service, "DAILY_S", 0.01)
    monkeypatch.setattr(service, "RETRY_DAILY_S", 0.02)
    daily = asyncio.create_task(supervisor._every_day())
    try:
        await eventually(lambda: daily.done() or min(done.values()) >= 3)
        assert not daily.done()
    finally:
        daily.cancel()
        await asyncio.gather(daily, return_exceptions=True)


async def test_a_certificate_that_cannot_be_renewed_does_not_end_the_partitions(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    supervisor = supervisor_in(data_dir)
    supervisor.gateways = ["https://127.0.0.1:1"]  # there is no certificate: reading it fails
    rounds: list[Layout] = []

    async def ahead(layout: Layout) -> dict[str, str]:
        rounds.append(layout)
        return {}

    monkeypatch.setattr(service, "partitions_ahead_everywhere", ahead)
    monkeypatch.setattr(service, "DAILY_S", 0.01)
    monkeypatch.setattr(service, "RETRY_DAILY_S", 0.01)
    daily = asyncio.create_task(supervisor._every_day())
    try:
        await eventually(lambda: daily.done() or len(rounds) >= 3)
        assert not daily.done()
    finally:
        daily.cancel()
        await asyncio.gather(daily, return_exceptions=True)
