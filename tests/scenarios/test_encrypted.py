"""A day of a chain whose databases live on encrypted volumes, with a power cut in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from live_files import holding
from octonext.crypto.at_rest.mounts import mounts
from octonext.crypto.volume import unmount_below, why_unusable
from octonext.runtime.layout import OWNER_ROLE
from octonext.runtime.postgres import connect
from octonext.till.fleet import Fleet, Pace

from .conftest import Installation, acked_more, octonext, prove, sell_more

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("encrypted")]

AT_REST = "gocryptfs"
PACE = Pace(per_s=5.0)
DATABASES = ("hq", "kw-1", "sa-1", "reporting")


@pytest.fixture(scope="module", autouse=True)
def volumes() -> None:
    reason = why_unusable()
    if reason is not None:
        pytest.skip(f"encrypted volumes cannot be used here: {reason.message}")


async def a_name_of(installation: Installation, shard_id: str) -> bytes:
    """What a shard holds in the clear, and nobody may find below its volume: a product's name."""
    connection = await connect(
        installation.layout.dsn("shard", shard_id, role=OWNER_ROLE), application_name="octonext-test"
    )
    try:
        await connection.execute("CHECKPOINT")
        name = await connection.fetchval(
            "SELECT payload->>'name_en' FROM reference WHERE kind = 'product' ORDER BY key LIMIT 1"
        )
    finally:
        await connection.close()
    assert len(name) > 5
    return str(name).encode()


async def test_everything_killed_at_once_goes_on_where_it_was_and_nothing_is_readable_below(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    installation, fleet = shared_installation, shared_fleet
    assert f"encrypted at rest: {', '.join(f'{name} (gocryptfs AES-256-GCM)' for name in DATABASES)}" in (
        installation.said.read_text().replace("\n", " ")
    )
    said = await asyncio.to_thread(octonext, "status", "--data", str(installation.data_dir))
    assert "gocryptfs AES-256-GCM" in " ".join(said.stdout.split())
    assert "NOT " not in said.stdout
    fleet.start_selling(PACE)
    await acked_more(fleet, "", 60)

    installation.kill_everything()
    installation.require_nothing_left()
    await sell_more(fleet, 10)
    await asyncio.to_thread(installation.start)
    await acked_more(fleet, "", 60)

    installation.kill_supervisor()
    await asyncio.to_thread(installation.require_nothing_left)
    assert not [each for each in mounts() if each.point.is_relative_to(installation.data_dir)]
    await asyncio.to_thread(installation.start)
    await prove(installation, fleet)

    name = await a_name_of(installation, "kw-1")
    layout = installation.layout
    assert holding(layout.database("kw-1"), name)
    assert holding(layout.data_dir / "encrypted", name, least=100) == []


@pytest.fixture(scope="module", autouse=True)
def nothing_mounted(volumes: None, shared_installation: Installation) -> Iterator[None]:
    """Whatever a failed test left mounted, even by the hands of a killed supervisor, goes away."""
    yield
    installation = shared_installation
    installation.stop()
    left = [each.point for each in mounts() if each.point.is_relative_to(installation.data_dir)]
    unmount_below(installation.data_dir)
    assert left == []
    assert list(installation.layout.hq.iterdir()) == []
