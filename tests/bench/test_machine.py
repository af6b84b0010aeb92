from __future__ import annotations

from pathlib import Path

from bench.machine import file_system

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/root rw
30 22 0:25 / /srv rw - xfs /dev/b rw
31 30 0:26 / /srv/sealed\\040data rw - fuse.gocryptfs /cipher rw
"""


def test_the_file_system_is_that_of_the_nearest_mount() -> None:
    assert file_system(Path("/somewhere/else"), MOUNTS) == "ext4"
    assert file_system(Path("/srv/data"), MOUNTS) == "xfs"
    assert file_system(Path("/srv/sealed data/x"), MOUNTS) == "fuse.gocryptfs"


def test_a_folder_that_only_begins_like_a_mount_is_not_on_it() -> None:
    assert file_system(Path("/srvother"), MOUNTS) == "ext4"
