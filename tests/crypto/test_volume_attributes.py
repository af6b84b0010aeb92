"""The kernel asks a volume for no attributes any more, and nothing else about it changes."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from octonext.crypto.volume import OpenVolume, Volume, unmount_below, why_unusable
from octonext.crypto.volume.attributes import ATTRIBUTE, _device_of, never_ask

KEY = bytes(range(32))


@pytest.fixture
def opened() -> Iterator[OpenVolume]:
    reason = why_unusable()
    if reason is not None:
        pytest.skip(f"encrypted volumes cannot be used here: {reason.message}")
    with tempfile.TemporaryDirectory(
        prefix="octonext-volume-", dir="/tmp", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        volume = Volume(folder / "cipher", folder / "point", folder / "copy", folder / "output")
        opened = volume.open(lambda: KEY)
        try:
            yield opened
        finally:
            opened.close()
            unmount_below(folder)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def _may_take_descriptors(pid: int) -> bool:
    device = _device_of(pid)
    if device is not None:
        os.close(device)
    return device is not None


def test_a_mounted_volume_is_not_asked_for_attributes(opened: OpenVolume) -> None:
    with pytest.raises(OSError, match=r".") as refused:
        os.getxattr(opened.volume.point, ATTRIBUTE)
    if not _may_take_descriptors(opened.pid):
        pytest.skip("this system does not let a process take another's descriptor")
    # gocryptfs itself, when it is asked, says ENODATA
    assert refused.value.errno == errno.EOPNOTSUPP


def test_gocryptfs_goes_on_where_it_was_stopped(opened: OpenVolume) -> None:
    file = opened.volume.point / "file"
    file.write_bytes(b"as before")
    assert file.read_bytes() == b"as before"
    assert _state(opened.pid) != "T"


def test_a_process_that_serves_no_volume_is_left_alone(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    sleeping = subprocess.Popen(["sleep", "60"])
    try:
        assert not never_ask(sleeping.pid, folder)
        assert _state(sleeping.pid) != "T"
    finally:
        os.close(folder)
        sleeping.kill()
        sleeping.wait()
