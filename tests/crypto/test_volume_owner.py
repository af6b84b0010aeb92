"""As root: volumes of a database that runs as another user, and ordinary users' own volumes."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from octonext.crypto.volume import Owner, Volume, VolumeKeyWrong, unmount_below, why_unusable
from octonext.crypto.volume.process import holders

KEY = bytes(range(32))
WRITERS = 4
FILES = 150

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts for another user")


@pytest.fixture
def volume() -> Iterator[Volume]:
    reason = why_unusable()
    if reason is not None:
        pytest.skip(f"encrypted volumes cannot be used here: {reason.message}")
    nobody = pwd.getpwnam("nobody")
    folder = Path(tempfile.mkdtemp(prefix="octonext-owner-", dir="/tmp"))
    folder.chmod(0o711)
    yield Volume(
        folder / "cipher", folder / "point", folder / "copy", folder / "output",
        owner=Owner(nobody.pw_uid, nobody.pw_gid),
    )  # fmt: skip
    unmount_below(folder)
    shutil.rmtree(folder)


WRITE = f"""
i=0
while [ $i -lt {FILES} ]; do
  echo line > "$0/$$-$i" && mkdir "$0/$$-$i.d" && mv "$0/$$-$i" "$0/$$-$i.d/" || exit 1
  i=$((i + 1))
done
"""


def test_many_of_its_processes_write_at_once_and_root_too(volume: Volume) -> None:
    opened = volume.open(lambda: KEY)
    assert volume.owner is not None
    uid, gid = volume.owner.uid, volume.owner.gid
    assert Path(f"/proc/{opened.pid}").stat().st_uid == uid

    def write(number: int) -> int:
        as_root = number == 0
        return subprocess.run(
            ["/bin/sh", "-c", WRITE, str(volume.point)], check=False, user=0 if as_root else uid, group=gid
        ).returncode

    with ThreadPoolExecutor(WRITERS) as pool:
        assert list(pool.map(write, range(WRITERS))) == [0] * WRITERS
    found = list(volume.point.rglob("*"))
    assert len(found) == 2 * WRITERS * FILES
    assert {each.stat().st_uid for each in found} == {uid}
    opened.close()
    assert not volume.is_mounted()
    assert holders(volume.cipher) == []


def test_files_that_root_put_back_from_their_copies_become_the_databases_users(volume: Volume) -> None:
    volume.open(lambda: KEY).close()
    for name, copy in (
        ("gocryptfs.conf", volume.copy),
        ("gocryptfs.diriv", volume.copy.with_suffix(".diriv")),
    ):
        (volume.cipher / name).unlink()
        shutil.copy(copy, volume.cipher / name)
    volume.open(lambda: KEY).close()


def test_a_wrong_key_leaves_no_mount_behind(volume: Volume) -> None:
    volume.open(lambda: KEY).close()
    with pytest.raises(VolumeKeyWrong):
        volume.open(lambda: bytes(32))
    assert not volume.is_mounted()
    assert holders(volume.cipher) == []


ORDINARY = """
import os, signal, sys
from pathlib import Path
from octonext.crypto.volume import Volume
folder = Path(sys.argv[1])
volume = Volume(folder / "cipher", folder / "point", folder / "copy", folder / "output")
opened = volume.open(lambda: bytes(32))
(folder / "point" / "file").write_text("kept")
os.kill(opened.pid, signal.SIGKILL)
again = volume.open(lambda: bytes(32))
assert (folder / "point" / "file").read_text() == "kept"
again.close()
assert not volume.is_mounted()
print("done")
"""


def test_an_ordinary_user_with_the_device_open_has_volumes_without_root(volume: Volume) -> None:
    """In a mount namespace of its own, where /dev/fuse is open whatever it is outside."""
    folder = volume.cipher.parent / "theirs"
    folder.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    device = volume.cipher.parent / "fuse"
    os.mknod(device, 0o020666, os.makedev(10, 229))
    device.chmod(0o666)
    program = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    same = program is not None and subprocess.run(
        [program, "-c", f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"], check=False
    )
    if not same or same.returncode != 0 or shutil.which("unshare") is None:
        pytest.skip("no unshare, or no Python of this version that another user may run")
    done = subprocess.run(
        [
            *("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /dev/fuse && exec "$@"', str(device)),
            *("setpriv", "--reuid", str(nobody.pw_uid), "--regid", str(nobody.pw_gid), "--clear-groups"),
            *("env", f"PYTHONPATH={os.pathsep.join(path for path in sys.path if path)}"),
            *("PYTHONDONTWRITEBYTECODE=1", str(program), "-c", ORDINARY, str(folder)),
        ],
        capture_output=True,
        check=False,
        text=True,
        cwd="/",
    )  # fmt: skip
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert "done" in done.stdout, done.stdout + done.stderr
