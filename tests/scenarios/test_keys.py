"""Keys in a whole installation: rotated while tills sell, and never where anybody could read them."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from octonext.crypto.envelope import shard_public_spki
from octonext.processes.keys import open_keyring
from octonext.processes.keys.sync import sync_keys
from octonext.runtime.layout import OWNER_ROLE
from octonext.runtime.postgres import connect
from octonext.till.fleet import Fleet, Pace

from .conftest import (
    Installation,
    acked_more,
    enrol_tills,
    finish_day,
    make_installation,
    octonext,
    prove,
    selling_fleet,
    wait_for,
)

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("keys")]

MASTER = "OCTONEXT_SCENARIO_MASTER"
#: What opens the keyring; nothing else may find the master key in its environment.
HOLDERS = ("octonext.processes.cli", "child gateway", "child reporting", "child backup", "child sealer")
#: The databases' own files are the business of what encrypts them; these are searched for keys.
FILES_BYTES_MAX = 4 * 1024 * 1024
PACE = Pace(per_s=5.0)


@pytest.fixture(scope="module")
def guarded(traversable_dir: Path) -> Iterator[Installation]:
    """An installation with two gateways whose master key comes from a variable."""
    folder = Path(tempfile.mkdtemp(prefix="keys-", dir=traversable_dir))
    folder.chmod(0o711)
    installation = make_installation(folder, gateways=2)
    with installation.layout.config.open("a", encoding="utf-8") as file:
        file.write(f'\n[keys]\nmaster = {{ env = "{MASTER}" }}\n')
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(MASTER, "5e" * 32)
        try:
            installation.start()
            asyncio.run(enrol_tills(installation))
            yield installation
        finally:
            installation.stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture
async def selling(guarded: Installation) -> AsyncIterator[Fleet]:
    """Its six tills, selling."""
    async with selling_fleet(guarded) as fleet:
        fleet.start_selling(PACE)
        yield fleet


async def test_a_sync_key_is_rotated_while_tills_sell_and_every_entry_stays_readable(
    guarded: Installation, selling: Fleet
) -> None:
    layout = guarded.layout
    await acked_more(selling, "kw-1", 20)
    first = shard_public_spki(sync_keys(layout, open_keyring(layout), "kw-1")[0])
    done = octonext("keys", "rotate", "--sync", "kw-1", "--data", str(guarded.data_dir))
    assert done.returncode == 0, done.stderr
    rotated = shard_public_spki(sync_keys(layout, open_keyring(layout), "kw-1")[0])
    assert rotated != first

    def told(shard_id: str) -> set[bytes]:
        journals = [each.journal for each in selling.members.values()]
        return {each.identity.shard_public_key for each in journals if each.identity.shard_id == shard_id}

    elsewhere = told("sa-1")
    await wait_for(lambda: told("kw-1") == {rotated})
    assert told("sa-1") == elsewhere
    # the shift that is open was wrapped for the old key, the next one is wrapped for the new
    await acked_more(selling, "kw-1", 20)
    await selling.stop_selling()
    await selling.close_shifts()
    await selling.open_shifts()
    selling.start_selling(PACE)
    await acked_more(selling, "kw-1", 20)
    # a gateway that starts anew opens both
    guarded.kill("gateway-0")
    await acked_more(selling, "kw-1", 20)
    await finish_day(selling)
    await prove(guarded, selling)
    await guarded.wait_until_running()
    hq = await connect(layout.dsn("hq", role=OWNER_ROLE), application_name="test")
    shard = await connect(layout.dsn("shard", "kw-1"), application_name="test")
    try:
        known = await hq.fetchval("SELECT sync_public_key FROM shard WHERE shard_id = 'kw-1'")
        events = await hq.fetch(
            "SELECT after AS detail, actor_kind FROM audit_change JOIN audit_transaction USING (at, xid) "
            "WHERE audit_change.key ->> 'event' = 'sync_key_rotated'"
        )
        unread = await shard.fetchval("SELECT count(*) FROM device_journal WHERE reason IS NOT NULL")
    finally:
        await hq.close()
        await shard.close()
    assert (known, unread) == (rotated, 0)
    assert [(event["actor_kind"], "kw-1" in event["detail"]) for event in events] == [("operator", True)]


def test_no_key_is_in_a_process_list_a_log_a_core_dump_or_a_file_of_the_installation(
    guarded: Installation,
) -> None:
    layout = guarded.layout
    keyring = open_keyring(layout)
    secrets = {"master": bytes.fromhex("5e" * 32)}
    for entry in keyring.entries():
        for number, secret in enumerate(keyring.generations(entry.purpose, entry.name)):
            secrets[f"{entry.purpose}/{entry.name} {number}"] = secret
    assert any(name.startswith("sync/kw-1") for name in secrets)
    spelled = [(name, form) for name, secret in secrets.items() for form in spellings(secret)]

    for pid, said in guarded.processes().items():
        proc = Path(f"/proc/{pid}")
        command, environment = (proc / "cmdline").read_bytes(), (proc / "environ").read_bytes()
        assert found_in(command, spelled) == [], said
        words = command.replace(b"\0", b" ").decode()
        allowed = any(holder in words for holder in HOLDERS)
        assert found_in(environment, spelled) in ([], ["master"] if allowed else []), said
        limits = (proc / "limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] in (["0", "0"], ["1", "1"]), said

    searched = 0
    for path, content in contents_below(guarded.data_dir):
        searched += 1
        assert found_in(content, spelled) == [], path
    assert searched > 20
    loose = [path for path in layout.keys.iterdir() if path.stat().st_mode & 0o077 and path.suffix != ".pub"]
    assert loose == []
    assert stat.S_IMODE(layout.keys.stat().st_mode) == 0o700
    checked = octonext("keys", "check", "--data", str(guarded.data_dir))
    assert found_in((checked.stdout + checked.stderr).encode(), spelled) == []
    # the search itself finds what is there
    assert found_in(keyring.key("sealing", "probe"), [("probe", keyring.key("sealing", "probe"))]) == [
        "probe"
    ]
    assert found_in(b"x" + b"5e" * 32, spelled) == ["master"]
    keyring.remove("sealing", "probe")


def test_a_wrong_master_key_stops_the_start_with_a_clear_line_before_any_database(data_dir: Path) -> None:
    layout = make_installation(data_dir).layout
    assert octonext("keys", "init", "--data", str(data_dir)).returncode == 0
    (layout.keys / "master.key").write_text("ff" * 32)
    refused = octonext("up", "--data", str(data_dir))
    assert refused.returncode == 1
    assert "fingerprint" in refused.stderr
    assert "--recover" in refused.stderr
    assert "ff" * 8 not in refused.stderr + refused.stdout
    assert not layout.hq.exists()


def contents_below(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file that is there while we look: the processes go on writing and deleting theirs."""
    for parent, folders, names in os.walk(folder):
        # PostgreSQL's files are its own: it is given no key
        folders[:] = [name for name in folders if name != "data"]
        for name in names:
            path = Path(parent) / name
            with suppress(FileNotFoundError):
                if path.is_file():
                    yield path, path.read_bytes()[:FILES_BYTES_MAX]


def spellings(secret: bytes) -> list[bytes]:
    """The forms in which a secret could stand somewhere."""
    hexadecimal = secret.hex().encode()
    forms = [secret, hexadecimal, hexadecimal.upper(), base64.b64encode(secret)]
    # of a PEM the body's first line is telling; its frame is in every one
    return [secret.splitlines()[1]] if secret.startswith(b"-----") else forms


def found_in(text: bytes, spelled: list[tuple[str, bytes]]) -> list[str]:
    """Whose secret stands in `text`."""
    return sorted({name for name, form in spelled if form in text})
