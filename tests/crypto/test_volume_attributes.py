"""The kernel asks a volume for no attributes any more, and nothing else about it changes."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from octonext.crypto.volume import OpenVolume, Volume
from octonext.crypto.volume.attributes import ATTRIBUTE, _device_of, never_ask

KEY = bytes(range(32))


@pytest.fixture
def opened(volume_folder: Path) -> Iterator[OpenVolume]:
    cipher, point, copy, output = (volume_folder / name for name in ("cipher", "point", "copy", "output"))
    opened = Volume(cipher, point, copy, output).open(lambda: KEY)
    yield opened
    opened.close()


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
