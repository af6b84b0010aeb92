"""A shard on another machine's PostgreSQL 15: migrated, and a push booked by a lane, over TLS 1.3."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from network_database import UNNAMED, NetworkServer, network_server
from octonext.base.clock import SystemClock
from octonext.processes.supervisor.databases import OwnerNeeded, migrate_all
from octonext.runtime.layout import Layout
from octonext.runtime.metrics import Registry
from octonext.runtime.settings import decode
from octonext.shards.lane import Lane, LaneMetrics, ShardUnavailable
from octonext.sync.messages import Ack

from .conftest import RICE, JournalWriter, Shard

__all__ = ["network_server"]

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("network-database")]


def installation(server: NetworkServer, database: str, **shard: str) -> Layout:
    """Head office and a shard in one database server, reached with passwords from files."""
    secret = server.folder / "password"
    secret.write_text("correct-horse")
    secret.chmod(0o600)
    password = {"file": str(secret)}

    def address(name: str, user: str, host: str = "localhost") -> str:
        return server.dsn(name, user=user, host=host).replace(":correct-horse@", "@", 1)

    document = {
        "name": "test",
        "hq": {
            "dsn": address(f"{database}_hq", "octonext_app"),
            "password": password,
            "owner_dsn": address(f"{database}_hq", "octonext"),
            "owner_password": password,
            "at_rest": "none",
        },
        "shards": [
            {
                "id": "kw-1",
                "region": "KW",
                "jurisdiction": "KW",
                "at_rest": "none",
                "dsn": address(f"{database}_kw", "octonext_app", shard.get("host", "localhost")),
                "password": password,
                **(
                    {}
                    if "app_only" in shard
                    else {
                        "owner_dsn": address(f"{database}_kw", "octonext", shard.get("host", "localhost")),
                        "owner_password": password,
                    }
                ),
            }
        ],
    }
    return Layout("/nowhere", decode(document, folder=Path("/"), source="test"))


@pytest.fixture
def database(network_server: NetworkServer) -> str:
    name = f"test_{os.urandom(6).hex()}"
    for each in (f"{name}_hq", f"{name}_kw"):
        network_server.sql(f'CREATE DATABASE "{each}"')
    return name


@pytest_asyncio.fixture
async def shard_dsn(network_server: NetworkServer, database: str) -> AsyncIterator[str]:
    """In the place of the embedded server's: `shard` is built on it as on any."""
    assert await migrate_all(installation(network_server, database), lambda _line: None) == []
    yield network_server.dsn(f"{database}_kw")


async def test_a_push_is_booked_over_tls_1_3(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((RICE, 2))
    answer = await shard.sync.push(await shard.connect(till), till.push())
    assert isinstance(answer, Ack), answer
    assert answer.outcomes == ["posted", "posted"]
    assert await shard.value("SELECT sum(total)::bigint FROM sale") == 1000
    assert (
        await shard.lane.run(lambda connection: connection.fetchval("SELECT current_user")) == "octonext_app"
    )
    assert await shard.value(
        "SELECT bool_and(ssl AND version = 'TLSv1.3') FROM pg_stat_ssl s"
        " JOIN pg_stat_activity a USING (pid) WHERE a.client_addr IS NOT NULL"
    )


async def test_a_lane_to_a_server_that_is_not_who_it_should_be_says_so_and_books_nothing(
    network_server: NetworkServer,
) -> None:
    dsn = network_server.dsn(host=UNNAMED)
    lane = Lane("kw-1", dsn, clock=SystemClock(), metrics=LaneMetrics(Registry()))
    try:
        with pytest.raises(ShardUnavailable):
            await lane.run(lambda connection: connection.fetchval("SELECT 1"))
    finally:
        await lane.close()


async def test_a_shard_that_is_refused_leaves_the_others_running_and_the_remedy_is_told(
    network_server: NetworkServer, database: str
) -> None:
    told: list[str] = []
    layout = installation(network_server, database, host=UNNAMED)
    assert await migrate_all(layout, told.append) == ["kw-1"]
    (line,) = [line for line in told if "not reached" in line]
    assert f"is not for {UNNAMED}" in line
    assert "Give the server a certificate" in line


async def test_with_the_gateways_role_alone_the_owner_is_asked_for(
    network_server: NetworkServer, database: str
) -> None:
    layout = installation(network_server, database, app_only="yes")
    with pytest.raises(OwnerNeeded, match=r"kw-1: the role of its dsn may not migrate it") as caught:
        await migrate_all(layout, lambda _line: None)
    assert "owner_dsn" in caught.value.remedy
