"""The doctor finds what is wrong, and proves what is well, on a real installation."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from live_files import files_below
from octonext.base.errors import OctoNextError
from octonext.crypto.at_rest import Protection
from octonext.crypto.tls import ensure_server_certificate
from octonext.crypto.volume import VolumeUnusable
from octonext.processes.backup.state import ArchiveStatus
from octonext.processes.doctor import checks
from octonext.processes.doctor.command import examine, is_well
from octonext.processes.doctor.damage import damaged_blocks
from octonext.processes.doctor.finding import Finding
from octonext.processes.doctor.marker import MARKER_BYTES, READ_BYTES, Seen, judge, search
from octonext.processes.init import write_configuration
from octonext.processes.keys import open_keyring
from octonext.processes.sealer.keys import public_key_file
from octonext.processes.supervisor.service import Supervisor
from octonext.runtime.layout import OWNER_ROLE, Layout
from octonext.runtime.postgres import connect

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("doctor")]

MARKER = b"m" * MARKER_BYTES
SEALED_WITHIN_S = 30.0
PROVEN = Protection(kind="gocryptfs", cipher="AES-256-GCM", proven=True)
PLAIN = Protection(kind="none")


@asynccontextmanager
async def databases(data_dir: Path, at_rest: str, *parts: str) -> AsyncIterator[Layout]:
    """HQ and one shard, running, with these kinds of process beside them."""
    write_configuration(data_dir, name="test", shards=["kw-1:KW:KW"], at_rest=at_rest)  # type: ignore[arg-type]
    supervisor = Supervisor(Layout(data_dir), parts=parts)
    try:
        try:
            await supervisor.start()
        except VolumeUnusable as error:
            pytest.skip(f"gocryptfs cannot be used here: {error.message}")
        yield supervisor.layout
    finally:
        await supervisor.stop()


def an_altered_file_is_found(layout: Layout) -> None:
    """One whose blocks no longer fit the key; what is well before is not."""
    read = layout.shard("kw-1") / "altered"
    read.write_bytes(bytes(3 * 4096))
    # gocryptfs passes on the numbers of the files below; a running database makes files meanwhile as well.
    inode = read.stat().st_ino
    [raw] = [each for each in files_below(layout.cipher("kw-1")) if each.stat().st_ino == inode]
    assert damaged_blocks(layout, "kw-1") == []
    with raw.open("r+b") as file:
        file.seek(raw.stat().st_size - 1)
        file.write(bytes([raw.read_bytes()[-1] ^ 1]))
    descriptor = os.open(read, os.O_RDONLY)
    try:
        # As a database would see it later: nothing of it is kept in memory.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        with pytest.raises(OSError, match="Input/output error"):
            os.pread(descriptor, 4096, 2 * 4096)
    finally:
        os.close(descriptor)
    [found] = damaged_blocks(layout, "kw-1")
    assert (found.outcome, str(raw) in found.said) == ("wrong", True)
    read.unlink()


async def a_forged_public_key_shows(layout: Layout) -> None:
    """A head that another key signed is told from ours."""
    own, other = public_key_file(layout, "kw-1"), public_key_file(layout, "hq")
    kept = own.read_bytes()
    own.write_bytes(other.read_bytes())
    forged = of(await checks.seals(layout), "sealing")
    assert (forged.outcome, "not signed by the database's key" in forged.said) == ("wrong", True)
    own.write_bytes(kept)


def of(found: list[Finding], check: str, where: str = "kw-1") -> Finding:
    [one] = [each for each in found if (each.check, each.where) == (check, where)]
    return one


async def test_plain_storage_shows_the_marker_and_a_card_number_and_the_doctor_says_so(
    data_dir: Path,
) -> None:
    async with databases(data_dir, "none") as layout:
        connection = await connect(layout.dsn("hq", role=OWNER_ROLE), application_name="octonext-test")
        await connection.execute("INSERT INTO role VALUES ('tester', '4111 1111 1111 1111')")
        await connection.close()
        found = await examine(layout)
    assert of(found, "storage").outcome == "notice"
    marker = of(found, "marker on disk")
    assert (marker.outcome, "FOUND in plain" in marker.said) == ("notice", True)
    assert str(layout.shard("kw-1")) in marker.said
    cards = of(found, "card numbers", "hq")
    assert cards.outcome == "wrong"
    assert "4111 1111" not in cards.said
    assert of(found, "card numbers").outcome == "well"
    assert of(found, "backup").outcome == "wrong"
    assert of(found, "sealing").outcome == "wrong"
    assert of(found, "marker on disk", "reporting").outcome == "unknown"
    assert of(found, "connection").outcome == "well"
    assert not is_well(found)
    # And when nothing runs, nothing is proven.
    asleep = await checks.storage(layout)
    assert of(asleep, "marker on disk").outcome == "unknown"
    assert not is_well(asleep)


async def test_on_an_encrypted_volume_the_marker_is_in_the_view_and_in_no_raw_file(data_dir: Path) -> None:
    async with databases(data_dir, "gocryptfs", "reporting", "sealer") as layout:
        found = await checks.storage(layout)
        store = of(found, "marker on disk", "reporting")
        assert (store.outcome, "none of the" in store.said) == ("well", True), store
        ends = time.monotonic() + SEALED_WITHIN_S
        sealed = await checks.seals(layout)
        while any(each.outcome != "well" for each in sealed):
            assert time.monotonic() < ends, sealed
            await asyncio.sleep(0.2)
            sealed = await checks.seals(layout)
        assert "canary 1 recorded" in of(sealed, "sealing").said
        await a_forged_public_key_shows(layout)
        for name in ("hq", "kw-1"):
            assert of(found, "storage", name).outcome == "well"
            marker = of(found, "marker on disk", name)
            assert (marker.outcome, "none of the" in marker.said) == ("well", True), marker
        an_altered_file_is_found(layout)
        # What lies beside the volume in plain is found.
        leak = layout.cipher("kw-1") / "leak"
        since = time.time()
        leak.write_bytes(b"x" * 100 + MARKER)
        assert search(layout.cipher("kw-1"), MARKER, since=since).holding == (leak,)
        leak.unlink()


def test_a_marker_is_found_wherever_it_lies_in_a_file_but_not_in_older_files(tmp_path: Path) -> None:
    since = time.time()
    across, old = tmp_path / "deep" / "across", tmp_path / "old"
    across.parent.mkdir()
    across.write_bytes(bytes(READ_BYTES - 7) + MARKER + bytes(10))
    old.write_bytes(MARKER)
    os.utime(old, (since - 60, since - 60))
    assert search(tmp_path, MARKER, since=since) == Seen(1, (across,))


@pytest.mark.parametrize(
    ("shown", "below", "found", "by_name", "outcome"),
    [
        (1, (5, 0), PROVEN, False, "well"),
        (1, (5, 1), PROVEN, False, "wrong"),
        (1, (5, 1), PLAIN, True, "notice"),
        (1, (5, 1), PLAIN, False, "wrong"),
        (0, (5, 0), PROVEN, False, "wrong"),
        (1, (0, 0), PROVEN, False, "wrong"),
    ],
    ids=["sealed", "leaking", "plain by name", "plain", "written elsewhere", "raw files elsewhere"],
)
def test_what_it_means_where_a_marker_was_seen(
    shown: int, below: tuple[int, int], found: Protection, by_name: bool, outcome: str
) -> None:
    def seen(files: int, holding: int) -> Seen:
        return Seen(files, (Path("/data/base/1"),) * holding)

    finding = judge("kw-1", seen(9, shown), seen(*below), raw=Path("/raw"), found=found, by_name=by_name)
    assert finding.outcome == outcome


async def test_an_old_certificate_an_old_backup_and_a_failing_archive_are_wrong(data_dir: Path) -> None:
    write_configuration(data_dir, name="test", shards=["kw-1:KW:KW"], at_rest="none")
    layout = Layout(data_dir)
    layout.prepare()
    [missing] = await checks.certificates(layout)
    assert missing.outcome == "notice"
    long_ago = datetime.now(UTC) - timedelta(days=390)
    ensure_server_certificate(layout.tls, ["localhost"], now=long_ago, installation="test")
    [late] = await checks.certificates(layout)
    assert late.outcome == "wrong"
    assert checks._backup_age("kw-1", [time.time() - 3600]).outcome == "well"
    assert checks._backup_age("kw-1", [time.time() - 72 * 3600]).outcome == "wrong"
    assert checks._archive("kw-1", None).outcome == "wrong"
    status = ArchiveStatus(database="kw-1", state="archiving", complete_until=time.time() - 3)
    assert checks._archive("kw-1", status).outcome == "well"
    for worse in ({"complete_until": time.time() - 300}, {"state": "failing"}, {"backup_problem": "no room"}):
        assert checks._archive("kw-1", msgspec.structs.replace(status, **worse)).outcome == "wrong"


async def test_a_check_that_cannot_even_begin_is_wrong_and_keeps_no_other_from_looking(
    data_dir: Path,
) -> None:
    write_configuration(data_dir, name="test", shards=["kw-1:KW:KW"], at_rest="none")
    layout = Layout(data_dir)
    layout.prepare()
    open_keyring(layout)
    (layout.keys / "master.key").unlink()
    found = await examine(layout)
    assert of(found, "keys", "installation").outcome == "wrong"
    assert {each.check for each in found} >= {"storage", "connection", "certificate", "keys", "backup"}
    assert json.loads(msgspec.json.encode(found))[0].keys() == {"where", "check", "outcome", "said", "remedy"}
    with pytest.raises(OctoNextError):
        await checks.keys(layout)
