"""A database is put back as it was yesterday, while everybody else remembers today."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from octonext.crypto.tls import client_context
from octonext.runtime.layout import OWNER_ROLE
from octonext.runtime.postgres import connect
from octonext.till.fleet import Fleet, Pace

from .conftest import POLL_S, Installation, acked_more, ask_shard, octonext, prove, tell_of_network

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("restored")]

PACE = Pace(per_s=5.0)
TIMEOUT_S = 90


@pytest.fixture
def copies(traversable_dir: Path) -> Iterator[Path]:
    """A folder for copies of data directories."""
    folder = traversable_dir / "copies"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


async def stop(installation: Installation) -> None:
    await asyncio.to_thread(installation.stop)


async def start(installation: Installation, fleet: Fleet) -> None:
    await asyncio.to_thread(installation.start)
    tell_of_network(fleet)


def put(source: Path, target: Path) -> None:
    """Put a folder where another one is, with its owners and times."""
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while not await true():
            await asyncio.sleep(POLL_S)


async def feeds(installation: Installation) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The relay's feeds by source, target and name; none while it does not answer."""
    transport = httpx.AsyncHTTPTransport(uds=str(installation.layout.socket("relay")))
    try:
        async with httpx.AsyncClient(
            transport=transport, base_url="http://relay", timeout=TIMEOUT_S
        ) as client:
            answer = (await client.get("/status")).json()
    except httpx.HTTPError:
        return {}
    return {(feed["source"], feed["target"], feed["name"]): feed for feed in answer["feeds"]}


async def went_back(installation: Installation) -> set[tuple[str, str]]:
    """The pairs of source and target of which the relay says so."""
    return {
        (source, target)
        for (source, target, _), feed in (await feeds(installation)).items()
        if feed["went_back"]
    }


async def read_beyond(installation: Installation, xid: int, *feed: str) -> None:
    """Until a feed's sink has what came after a transaction."""

    async def is_beyond() -> bool:
        found = (await feeds(installation)).get((feed[0], feed[1], feed[2]))
        return found is not None and int((found["cursor"] or "0.0").split(".")[0]) > xid

    await until(is_beyond)


async def transact(installation: Installation, database: str, until_xid: int) -> None:
    """Let a database count transactions up to a number."""
    kind, name = ("hq", None) if database == "hq" else ("shard", database)
    dsn = installation.layout.dsn("hq" if kind == "hq" else "shard", name, role=OWNER_ROLE)
    connection = await connect(dsn, application_name="octonext-test")
    try:
        while int(await connection.fetchval("SELECT pg_current_xact_id()::text")) <= until_xid:
            pass
    finally:
        await connection.close()


async def newest(installation: Installation, shard_id: str) -> int:
    [row] = await ask_shard(installation, shard_id, "SELECT max(xid::text::bigint) AS xid FROM push")
    return int(row["xid"])


async def test_a_shard_restored_from_yesterdays_copy_is_found_reported_and_healed_by_its_tills(
    shared_installation: Installation, shared_fleet: Fleet, copies: Path
) -> None:
    installation, fleet = shared_installation, shared_fleet
    shard = installation.layout.shard("kw-1")
    fleet.start_selling(PACE)
    await acked_more(fleet, "kw-1", 40)
    await stop(installation)
    put(shard, copies / "kw-1")
    await start(installation, fleet)
    yesterday = await newest(installation, "kw-1")
    await acked_more(fleet, "kw-1", 60)
    today = await newest(installation, "kw-1")
    assert today > yesterday
    await read_beyond(installation, today - 1, "kw-1", "reporting", "sale")

    await stop(installation)
    put(copies / "kw-1", shard)
    await start(installation, fleet)
    # Found, and said aloud; the neighbour notices nothing.
    await until(lambda: _is(installation, {("kw-1", "reporting")}))
    said = await asyncio.to_thread(octonext, "status", "--data", str(installation.data_dir))
    assert said.returncode == 3
    assert "WENT BACK" in said.stdout
    await acked_more(fleet, "sa-1", 20)
    # Its tills are welcome, send again what it lost, and leave a case of what they were told.
    await acked_more(fleet, "kw-1", 60)
    cases = await ask_shard(
        installation, "kw-1", "SELECT count(*) AS count FROM opened_case WHERE kind = 'shard_went_back'"
    )
    assert cases[0]["count"] > 0
    # Still found, however far the shard has come since.
    await transact(installation, "kw-1", today + 1_000)
    failures = (await feeds(installation))["kw-1", "reporting", "sale"]["failures"]

    async def tried_again() -> bool:
        found = (await feeds(installation)).get(("kw-1", "reporting", "sale"))
        return found is not None and bool(found["failures"] > failures)

    await until(tried_again)
    assert await went_back(installation) == {("kw-1", "reporting")}

    reset = await asyncio.to_thread(
        octonext, "feeds", "reset", "--data", str(installation.data_dir), "--source", "kw-1"
    )
    assert reset.returncode == 0, reset.stderr
    await until(lambda: _is(installation, set()))
    await prove(installation, fleet)


async def test_after_head_office_was_restored_tills_go_on_and_no_number_is_given_twice(
    shared_installation: Installation, shared_fleet: Fleet, copies: Path
) -> None:
    installation, fleet = shared_installation, shared_fleet
    fleet.start_selling(PACE)
    await stop(installation)
    put(installation.layout.hq, copies / "hq")
    await start(installation, fleet)
    lost_till, lost_product = await create(installation, "T88"), await create_product(installation)
    query = f"SELECT payload IS NULL AS gone FROM reference WHERE key = '{lost_product}'"  # noqa: S608

    async def is_known() -> bool:
        return [row["gone"] for row in await ask_shard(installation, "kw-1", query)] == [False]

    await until(is_known)
    today = int((await feeds(installation))["hq", "kw-1", "reference"]["cursor"].split(".")[0])
    await read_beyond(installation, today - 1, "hq", "sa-1", "reference")
    await read_beyond(installation, today - 1, "hq", "reporting", "dimension")

    await stop(installation)
    put(copies / "hq", installation.layout.hq)
    await start(installation, fleet)
    everybody = {("hq", "kw-1"), ("hq", "sa-1"), ("hq", "reporting")}
    await until(lambda: _is(installation, everybody))
    await acked_more(fleet, "", 40)
    await transact(installation, "hq", today + 100)
    # A new till gets a number that no shard has seen, also before anybody acted.
    assert await create(installation, "T89") > lost_till

    reset = await asyncio.to_thread(
        octonext, "feeds", "reset", "--data", str(installation.data_dir), "--source", "hq"
    )
    assert reset.returncode == 0, reset.stderr
    await until(lambda: _is(installation, set()))

    async def is_forgotten() -> bool:
        return [row["gone"] for row in await ask_shard(installation, "kw-1", query)] == [True]

    await until(is_forgotten)
    await acked_more(fleet, "", 40)
    await prove(installation, fleet)


async def _is(installation: Installation, wanted: set[tuple[str, str]]) -> bool:
    known = await feeds(installation)
    return (
        bool(known)
        and await went_back(installation) == wanted
        and (bool(wanted) or all(feed["failures"] == 0 and feed["cursor"] for feed in known.values()))
    )


async def create(installation: Installation, code: str) -> int:
    """A till of the first branch, not enrolled; its number."""
    made = await post(installation, "/tills", {"branch_id": 1, "code": code, "name": ""})
    return int(made["till"]["device_id"])


async def create_product(installation: Installation) -> str:
    made = await post(installation, "/products", {"sku": "LOST-1", "name_en": "Lost", "name_ar": ""})
    return str(made["product_id"])


async def post(installation: Installation, path: str, body: dict[str, object]) -> dict[str, Any]:
    async with httpx.AsyncClient(
        base_url=installation.state.gateways[0],
        headers={"Authorization": f"Bearer {installation.secret}"},
        verify=client_context(installation.layout.root_certificate),
        timeout=30,
    ) as client:
        answer = await client.post(f"/api/v1{path}", json=body)
    assert answer.status_code < 300, answer.text
    return dict(answer.json())
