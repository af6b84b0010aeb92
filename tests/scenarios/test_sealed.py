"""A sealed installation on a busy day: nothing is found that is not there, whatever dies or hangs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from octonext.processes.supervisor.health import decoded, get_from_socket
from octonext.till.fleet import Fleet, Pace

from .conftest import SHARDS, Installation, ask_shard, octonext, sell_more

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("sealed")]

PACE = Pace(per_s=6.0)


def audit(installation: Installation, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return octonext("audit", command, *arguments, "--data", str(installation.data_dir))


def verified(installation: Installation, *arguments: str) -> dict[str, dict[str, Any]]:
    """What `audit verify` says of each database. Fails when it finds anything."""
    done = audit(installation, "verify", "--json", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return {each["database"]: each for each in json.loads(done.stdout)["databases"]}


async def seals(installation: Installation) -> dict[str, dict[str, Any]]:
    """The sealer's own status, by database."""
    _, body = await get_from_socket(installation.layout.socket("sealer"), "/status")
    answer: Any = decoded(body)
    return {each["database"]: each for each in answer["seals"]}


async def heads(installation: Installation, shard_id: str) -> int:
    rows = await ask_shard(installation, shard_id, "SELECT coalesce(max(number), 0) AS newest FROM seal_head")
    return int(rows[0]["newest"])


async def more_heads(installation: Installation, shard_id: str, count: int) -> None:
    wanted = await heads(installation, shard_id) + count
    async with asyncio.timeout(60):
        while await heads(installation, shard_id) < wanted:
            await asyncio.sleep(0.1)


async def verified_with_every_copy(installation: Installation) -> None:
    found = await asyncio.to_thread(verified, installation)
    assert {tuple(each["copies"]) for each in found.values()} == {("hq", "reporting"), ("kw-1", "reporting")}


async def test_a_busy_day_is_sealed_verified_and_proven_through_kills_and_hangs(
    installation: Installation, fleet: Fleet, tmp_path: Path
) -> None:
    fleet.start_selling(PACE)
    for shard_id in SHARDS:
        await more_heads(installation, shard_id, 2)
    # Verifying while tills sell: every row that is there is either sealed or too young.
    found = await asyncio.to_thread(verified, installation)
    assert {"hq", *SHARDS} == set(found)
    assert all(each["copies"] for each in found.values())
    assert found["kw-1"]["rows"] > 50

    # A sealer that is killed wherever it stands goes on from what is there.
    for _ in range(2):
        pid = installation.pid("sealer")
        installation.kill("sealer")
        await sell_more(fleet, 5)
        await installation.wait_until_back("sealer", pid)
    await more_heads(installation, "kw-1", 2)
    await asyncio.to_thread(verified, installation)

    # A shard that hangs keeps nobody else from being sealed.
    installation.freeze("postgres-sa-1")
    await more_heads(installation, "kw-1", 3)
    installation.thaw("postgres-sa-1")
    await more_heads(installation, "sa-1", 1)

    await fleet.stop_selling()
    status = await seals(installation)
    assert status["kw-1"]["canary_recorded"] is True
    assert not status["kw-1"]["refused"]
    # Every copy is brought up to date: the other database's, reporting's.
    async with asyncio.timeout(60):
        while True:
            copies = [copy for seal in (await seals(installation)).values() for copy in seal["copies"]]
            if all(copy["newest"] > 0 and copy["behind"] <= 1 for copy in copies):
                break
            await asyncio.sleep(0.2)
    assert {copy["target"] for copy in copies} == {"hq", "kw-1", "reporting"}
    # Verifying reads them all.
    await verified_with_every_copy(installation)
    shown = await asyncio.to_thread(octonext, "status", "--data", str(installation.data_dir))
    assert "Seals" in shown.stdout, shown.stdout + shown.stderr

    # A proof is checked by itself, with the public key that an auditor holds.
    public = str(installation.layout.keys / "sealing-kw-1.pub")
    (row,) = await ask_shard(
        installation,
        "kw-1",
        "SELECT branch_id, device_id, seq FROM device_journal ORDER BY received_at LIMIT 1",
    )
    name = f"device_journal/{row['branch_id']}-{row['device_id']}-{row['seq']}"
    proof = tmp_path / "proof.json"
    made = await asyncio.to_thread(audit, installation, "prove", name, "--database", "kw-1")
    assert made.returncode == 0, made.stderr
    proof.write_text(made.stdout)
    checked = await asyncio.to_thread(octonext, "audit", "check-proof", str(proof), "--key", public)
    assert checked.returncode == 0, checked.stderr
    proof.write_text(made.stdout.replace(json.loads(made.stdout)["record"][100:110], "0000000000"))
    refused = await asyncio.to_thread(octonext, "audit", "check-proof", str(proof), "--key", public)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    made = await asyncio.to_thread(audit, installation, "consistency", "1", "3", "--database", "kw-1")
    proof.write_text(made.stdout)
    checked = await asyncio.to_thread(octonext, "audit", "check-proof", str(proof), "--key", public)
    assert checked.returncode == 0, checked.stderr

    # The second verifier, which uses nothing of the package, agrees.
    dsn = installation.layout.dsn("shard", "kw-1", role="octonext")
    second = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "scripts/verify_audit.py", "--dsn", dsn, "--key", public],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert second.returncode == 0, second.stdout + second.stderr
