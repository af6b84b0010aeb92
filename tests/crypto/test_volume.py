"""Real gocryptfs volumes: made, mounted, killed, and refused for every reason there is."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from octonext.crypto.at_rest.mounts import mounts
from octonext.crypto.volume import (
    OpenVolume,
    PlainFilesThere,
    Volume,
    VolumeBusy,
    VolumeDamaged,
    VolumeKeyWrong,
    VolumeUnusable,
    require_usable,
)
from octonext.crypto.volume.process import holders, keepers, start

KEY = bytes(range(32))
MARKER = b"a marker that nobody may read below"
DEADLINE_S = 30.0


@pytest.fixture
def folder(volume_folder: Path) -> Path:
    return volume_folder


def volume_in(folder: Path) -> Volume:
    return Volume(folder / "cipher", folder / "point", folder / "copy", folder / "output")


@pytest.fixture
def volume(folder: Path) -> Volume:
    return volume_in(folder)


def key() -> bytes:
    return KEY


def within_deadline(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_what_is_written_is_there_again_and_cannot_be_read_below(volume: Volume) -> None:
    opened = volume.open(key)
    (volume.point / "secret name").write_bytes(MARKER)
    opened.close()
    assert list(volume.point.iterdir()) == []
    below = [each for each in volume.cipher.rglob("*") if each.is_file()]
    assert not any(MARKER in each.read_bytes() or "secret" in each.name for each in below)
    again = volume.open(key)
    assert (volume.point / "secret name").read_bytes() == MARKER
    again.close()


def test_nothing_runs_and_nothing_is_mounted_after_the_end(volume: Volume) -> None:
    opened = volume.open(key)
    assert holders(volume.cipher) == [opened.pid]
    assert len(keepers(str(volume.point))) == 1
    opened.close()
    assert holders(volume.cipher) == []
    assert keepers(str(volume.point)) == []
    assert not volume.is_mounted()


def test_the_key_stands_in_no_command_line_environment_or_file(volume: Volume, folder: Path) -> None:
    opened = volume.open(key)
    shown = [
        Path(f"/proc/{pid}/{what}").read_bytes()
        for pid in (opened.pid, *keepers(str(volume.point)))
        for what in ("cmdline", "environ")
    ]
    opened.close()
    shown += [each.read_bytes() for each in folder.rglob("*") if each.is_file()]
    assert len(shown) > 4
    assert not any(KEY in each or KEY.hex().encode() in each.lower() for each in shown)


def test_another_key_is_refused_in_one_sentence(volume: Volume) -> None:
    volume.open(key).close()
    with pytest.raises(VolumeKeyWrong, match="does not open") as refused:
        volume.open(lambda: bytes(32))
    assert "keyring" in refused.value.remedy
    assert not volume.is_mounted()


@pytest.mark.parametrize("damage", [None, "{", "", '{"Version": 2}'])
def test_a_lost_or_broken_configuration_is_named_with_the_copy_that_repairs_it(
    volume: Volume, damage: str | None
) -> None:
    volume.open(key).close()
    configuration = volume.cipher / "gocryptfs.conf"
    configuration.unlink()
    if damage is not None:
        configuration.write_text(damage)
    with pytest.raises((VolumeDamaged, VolumeKeyWrong, VolumeUnusable)) as refused:
        volume.open(key)
    assert f"cp {volume.copy} {configuration}" in refused.value.remedy
    assert not volume.is_mounted()
    configuration.unlink(missing_ok=True)
    configuration.write_bytes(volume.copy.read_bytes())
    volume.open(key).close()


def test_the_configuration_of_another_volume_is_told_from_a_wrong_key(volume: Volume, folder: Path) -> None:
    volume.open(key).close()
    other = volume_in(folder / "other")
    other.cipher.parent.mkdir()
    other.open(lambda: bytes(32)).close()
    shutil.copy(other.cipher / "gocryptfs.conf", volume.cipher)
    with pytest.raises(VolumeDamaged, match="not the one that this volume was made with") as refused:
        volume.open(key)
    assert f"cp {volume.copy} {volume.cipher / 'gocryptfs.conf'}" in refused.value.remedy


@pytest.mark.parametrize("damage", [None, b"", bytes(16)], ids=["lost", "empty", "another"])
def test_a_volume_that_would_seem_empty_is_refused_with_the_copy_that_repairs_it(
    volume: Volume, damage: bytes | None
) -> None:
    opened = volume.open(key)
    (volume.point / "data").mkdir()
    opened.close()
    vector = volume.cipher / "gocryptfs.diriv"
    kept = volume.copy.with_suffix(".diriv")
    assert kept.read_bytes() == vector.read_bytes()
    vector.unlink()
    if damage is not None:
        vector.write_bytes(damage)
    with pytest.raises(VolumeDamaged, match="names in it cannot be read") as refused:
        volume.open(key)
    assert f"cp {kept} {vector}" in refused.value.remedy
    assert not volume.is_mounted()
    vector.unlink(missing_ok=True)
    shutil.copy(kept, vector)
    opened = volume.open(key)
    assert (volume.point / "data").is_dir()
    opened.close()


def test_a_copy_that_was_lost_is_made_again_and_a_remedy_can_be_pasted(folder: Path) -> None:
    volume = volume_in(folder / "with a space")
    volume.cipher.parent.mkdir()
    volume.open(key).close()
    copies = volume.copy, volume.copy.with_suffix(".diriv")
    for copy in copies:
        copy.unlink()
    volume.open(key).close()
    assert all(copy.stat().st_mode & 0o077 == 0 for copy in copies)
    (volume.cipher / "gocryptfs.conf").write_text("{")
    with pytest.raises(VolumeDamaged) as refused:
        volume.open(key)
    subprocess.run(["/bin/sh", "-c", refused.value.remedy.partition(": ")[2]], check=True)
    volume.open(key).close()


def test_an_interrupted_creation_is_started_over(volume: Volume) -> None:
    (volume.cipher / "octonext.new").mkdir(parents=True)
    (volume.cipher / "octonext.new" / "gocryptfs.conf").write_text("half")
    volume.open(key).close()
    assert not (volume.cipher / "octonext.new").exists()


def test_plain_files_are_not_covered_up(volume: Volume) -> None:
    volume.point.mkdir()
    (volume.point / "PG_VERSION").write_text("18")
    with pytest.raises(PlainFilesThere, match="holds plain files"):
        volume.open(key)
    assert not volume.is_mounted()


async def test_a_killed_gocryptfs_is_noticed_and_the_next_start_clears_it_away(volume: Volume) -> None:
    opened = volume.open(key)
    (volume.point / "kept").touch()
    os.kill(opened.pid, signal.SIGKILL)
    await asyncio.wait_for(opened.gone(), DEADLINE_S)
    assert not opened.alive
    again = volume_in(volume.cipher.parent).open(key)
    assert (volume.point / "kept").exists()
    again.close()
    opened.close()
    assert not volume.is_mounted()


def test_a_dead_mount_is_cleared_away_by_closing_it(volume: Volume) -> None:
    opened = volume.open(key)
    os.kill(opened.pid, signal.SIGKILL)
    within_deadline(lambda: not opened.alive)
    opened.close()
    assert not volume.is_mounted()


HOLD = """
import os, sys
from pathlib import Path
from octonext.crypto.volume import Volume
folder = Path(sys.argv[1])
volume = Volume(folder / "cipher", folder / "point", folder / "copy", folder / "output")
opened = volume.open(lambda: bytes(range(32)))
print(opened.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the volume open, as a supervisor has."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def test_it_stays_for_the_database_when_its_supervisor_is_killed_and_goes_after_both(
    volume: Volume, holder: subprocess.Popen[str]
) -> None:
    database = os.open(volume.point, os.O_RDONLY | os.O_DIRECTORY)
    try:
        holder.kill()
        holder.wait()
        os.mkdir("checkpoint", dir_fd=database)
        assert volume.is_mounted()
    finally:
        os.close(database)
    within_deadline(lambda: not volume.is_mounted() and not holders(volume.cipher))
    within_deadline(lambda: not keepers(str(volume.point)))


def test_what_a_crash_left_mounted_is_taken_over_with_all_that_stands_in_it(
    volume: Volume, holder: subprocess.Popen[str]
) -> None:
    database = os.open(volume.point, os.O_RDONLY | os.O_DIRECTORY)
    holder.kill()
    holder.wait()
    opened = volume.open(lambda: pytest.fail("the key is not needed"))
    os.mkdir("checkpoint", dir_fd=database)
    os.close(database)
    assert (volume.point / "checkpoint").is_dir()
    opened.close()
    assert not volume.is_mounted()


@pytest.fixture
def stranger(volume: Volume) -> Iterator[Path]:
    """The same encrypted folder, mounted elsewhere by hand."""
    volume.open(key).close()
    point = volume.cipher.parent / "elsewhere"
    point.mkdir()
    process = start(
        ["-fg", "-q", "--", str(volume.cipher), str(point)], KEY, mark="a hand", output=subprocess.DEVNULL
    )
    within_deadline(lambda: any(each.point == point for each in mounts()))
    yield point
    process.terminate()
    process.wait()


def test_a_volume_that_another_process_has_mounted_is_refused(
    volume: Volume, stranger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octonext.crypto.volume.volume.GONE_TIMEOUT_S", 0.1)
    with pytest.raises(VolumeBusy, match=r"mounted by another process \(gocryptfs \d+\)"):
        volume.open(key)
    assert any(each.point == stranger for each in mounts())


def test_a_mount_by_hand_in_its_own_place_is_refused_and_left_alone(volume: Volume) -> None:
    volume.open(key).close()
    process = start(["-fg", "-q", "--", str(volume.cipher), str(volume.point)], KEY, mark="a hand", output=-3)
    within_deadline(volume.is_mounted)
    with pytest.raises(VolumeBusy, match=str(process.pid)):
        volume.open(key)
    assert volume.is_mounted()
    process.terminate()
    process.wait()


def test_one_who_stays_in_it_keeps_it_only_until_they_leave(
    volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octonext.crypto.volume.volume.UNMOUNT_TIMEOUT_S", 0.1)
    opened: OpenVolume = volume.open(key)
    shell = os.open(volume.point, os.O_RDONLY | os.O_DIRECTORY)
    opened.close()
    assert volume.is_mounted()
    os.close(shell)
    within_deadline(lambda: not volume.is_mounted() and not holders(volume.cipher))


def test_a_machine_without_gocryptfs_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(VolumeUnusable, match="gocryptfs is not installed") as refused:
        require_usable()
    assert "apt install gocryptfs fuse3" in refused.value.remedy
    assert 'at_rest = "none"' in refused.value.remedy


@pytest.mark.parametrize(
    ("mode", "told", "remedy"),
    [(None, "offers no FUSE", "modprobe fuse"), (0, "closed to this user", "chmod 0666")],
)
def test_a_missing_or_closed_device_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None, told: str, remedy: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    device = tmp_path / "fuse"
    if mode is not None:
        device.touch(mode=mode)
        # Root may open anything, so root's rights must not decide here.
        monkeypatch.setattr(os, "access", lambda path, _how: bool(Path(path).stat().st_mode & 0o006))
    with pytest.raises(VolumeUnusable, match=told) as refused:
        require_usable(device)
    assert remedy in refused.value.remedy
    assert 'at_rest = "none"' in refused.value.remedy
