"""An encrypted volume of one database: mounted before the database starts, unmounted after it ended.

It lives exactly as long as the supervisor or its database does, also when the supervisor is killed and
PostgreSQL still has to write its last checkpoint: we keep a folder of it open, and a keeper unmounts it
when we are dead and nobody stands in it any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import structlog

from octonext.crypto.at_rest.mounts import Mount, mount_at, mount_of_descriptor, mounts

from . import creation, process
from .attributes import never_ask
from .errors import PlainFilesThere, VolumeBusy, VolumeDamaged, VolumeKeyWrong, VolumeUnusable
from .mounting import MOUNT_KIND, UNMOUNT_TIMEOUT_S, mount_for, start_keeper, unmount
from .process import Owner
from .usable import require_usable

MOUNT_OPTIONS = ("-fg", "-q", "-nosyslog", "-noprealloc")
"""-noprealloc: the space of an encrypted block is not reserved before each write, which PostgreSQL does
itself where it counts; a write that finds the disk full fails and is done again as a whole."""
MOUNT_TIMEOUT_S = 60.0
GONE_TIMEOUT_S = 10.0
POLL_S = 0.02
OUTPUT_BYTES_MAX = 4096
EXIT_DAMAGED = (8, 13, 23)
EXIT_WRONG_PASSWORD = 12
"""gocryptfs's exit codes: its package `exitcodes`."""

Key = Callable[[], bytes]
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Volume:
    """`cipher` holds the encrypted files, `point` shows them; `copy` is the copy of its configuration.

    `owner`, when we are root, is the user that the database runs as.
    """

    cipher: Path
    point: Path
    copy: Path
    output: Path
    owner: Owner | None = None

    def open(self, key: Key) -> OpenVolume:
        """Mount it, made before if there was none; or take over what a crash of ours left mounted.

        The caller holds the installation's lock. `key` gives 32 bytes, and is asked only when needed.
        Raises VolumeUnusable, VolumeBusy, VolumeDamaged, VolumeKeyWrong, PlainFilesThere, and what
        `key` raises.
        """
        require_usable()
        found = self._take_over()
        if found is not None:
            return found
        self._wait_for_the_last_one()
        self._prepare_point()
        if not self.exists:
            creation.create(self.cipher, key(), copy=self.copy, owner=self.owner)
        creation.require_names(self.cipher, self.copy)
        opened = self._mount(key())
        creation.keep_copies(self.cipher, self.copy)
        return opened

    @property
    def exists(self) -> bool:
        """Whether it was made."""
        return creation.exists(self.cipher)

    def is_mounted(self) -> bool:
        """Whether this very volume is what its mount point shows now, alive or not."""
        return self._is_own(mount_at(self.point, mounts()))

    def _mount(self, key: bytes) -> OpenVolume:
        self.cipher.chmod(0o700)
        with open(self.output, "wb", opener=_closed) as output:
            started = self._start(key, output)
        ends = time.monotonic() + MOUNT_TIMEOUT_S
        while True:
            # Of a mount that we made, opening waits until gocryptfs serves it, and fails when it ended.
            with contextlib.suppress(OSError):
                opened = self._hold(started)
                if opened is not None:
                    never_ask(opened.pid, opened.folder)
                    return opened
            code = started.poll()
            if code is not None:
                self.let_go()
                raise self._refusal(code)
            if time.monotonic() > ends:
                started.kill()
                started.wait()
                raise VolumeUnusable(f"{self.point} was not mounted within {MOUNT_TIMEOUT_S:g} s.")
            time.sleep(POLL_S)

    def _start(self, key: bytes, output: IO[bytes]) -> subprocess.Popen[bytes]:
        mark = str(self.point)
        if self.owner is None:
            arguments = [*MOUNT_OPTIONS, "--", str(self.cipher), mark]
            return process.start(arguments, key, mark=mark, output=output)
        creation.hand_over(self.cipher, self.owner)
        device = mount_for(self.owner, self.cipher, self.point)
        try:
            arguments = [*MOUNT_OPTIONS, "-allow_other", "--", str(self.cipher), f"/dev/fd/{device}"]
            return process.start(
                arguments, key, mark=mark, output=output, owner=self.owner, descriptor=device
            )
        except BaseException:
            unmount(self.point, lazily=True)
            raise
        finally:
            # Only gocryptfs has it now, so that the mount ends with it.
            os.close(device)

    def _hold(self, started: subprocess.Popen[bytes] | int) -> OpenVolume | None:
        """Keep its folder open, if what is open then really is this volume."""
        folder = os.open(self.point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if self._is_own(mount_of_descriptor(folder, mounts())):
                pid = started if isinstance(started, int) else started.pid
                return OpenVolume(self, pid, folder, os.pidfd_open(pid), started)
        except BaseException:
            os.close(folder)
            raise
        os.close(folder)
        return None

    def _take_over(self) -> OpenVolume | None:
        """What stands mounted already: ours is kept, a dead one cleared away, another's refused."""
        if not self.is_mounted():
            return None
        for pid in process.keepers(str(self.point)):
            # Of a supervisor that is dead: it would unmount what is ours now.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        pids = process.holders(self.cipher)
        strangers = [pid for pid in pids if not process.carries(pid, str(self.point))]
        if strangers:
            raise self._busy(strangers)
        with contextlib.suppress(OSError):
            for pid in pids:
                # Its supervisor may have been killed in the moment in which it had stopped it.
                os.kill(pid, signal.SIGCONT)
            opened = self._hold(pids[0]) if pids else None
            if opened is not None:
                log.info("volume_taken_over", point=str(self.point), pid=opened.pid)
                return opened
        # "Transport endpoint is not connected": its gocryptfs was killed. Nothing can use it any more.
        log.warning("volume_left_by_a_crash", point=str(self.point))
        self.let_go()
        return None

    def let_go(self) -> None:
        """Take a mount whose gocryptfs is gone out of sight, also from under those who still stand in it."""
        if self.is_mounted():
            unmount(self.point, lazily=True)
        if self.is_mounted():
            raise VolumeBusy(
                f"{self.point} is mounted and its gocryptfs is gone; it could not be unmounted.",
                remedy=f"Unmount it as root: umount -l {self.point}",
            )

    def _wait_for_the_last_one(self) -> None:
        """A gocryptfs that was just unmounted needs a moment to end; one that stays is somebody else's."""
        ends = time.monotonic() + GONE_TIMEOUT_S
        while pids := process.holders(self.cipher):
            if time.monotonic() > ends:
                raise self._busy(pids)
            time.sleep(POLL_S)

    def _prepare_point(self) -> None:
        self.point.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A link may lead to a disk of its own; there it is covered.
        if {entry.name for entry in self.point.iterdir()} - creation.DISK_OWN:
            raise PlainFilesThere(
                f"{self.point} holds plain files, and would be covered by an encrypted volume.",
                remedy='Go on with them as they are (at_rest = "none" for this database), or encrypt them: '
                "docs/encryption.md, “From plain to encrypted”.",
            )

    def _busy(self, pids: list[int]) -> VolumeBusy:
        named = ", ".join(str(pid) for pid in pids)
        return VolumeBusy(
            f"{self.cipher} is mounted by another process (gocryptfs {named}).",
            remedy="Unmount it there (`fusermount3 -u FOLDER`), then start again.",
        )

    def _refusal(self, code: int) -> VolumeUnusable | VolumeKeyWrong | VolumeDamaged:
        told = self.output.read_bytes()[-OUTPUT_BYTES_MAX:].decode(errors="replace")
        last = next((line for line in reversed(told.splitlines()) if line.strip()), "")
        configuration = self.cipher / creation.CONFIGURATION
        remedy = f"Put its copy back: {creation.copying(self.copy, configuration)}"
        if code == EXIT_WRONG_PASSWORD:
            with contextlib.suppress(OSError):
                if self.copy.read_bytes() != configuration.read_bytes():
                    return VolumeDamaged(
                        f"{configuration} is not the one that this volume was made with.", remedy=remedy
                    )
            return VolumeKeyWrong(
                f"The keyring's key does not open {self.cipher}.",
                remedy="Bring back the keyring (DATA/keys) that it was made with, or a recovery of it.",
            )
        if code in EXIT_DAMAGED or "config file" in last:
            return VolumeDamaged(f"{configuration} cannot be used: {last}", remedy=remedy)
        return VolumeUnusable(f"gocryptfs did not mount {self.point}: {last} (exit code {code})")

    def _is_own(self, found: Mount | None) -> bool:
        return found is not None and found.kind == MOUNT_KIND and found.source == str(self.cipher)


class OpenVolume:
    """A mounted volume that is held open; `close` it when its database has ended."""

    def __init__(
        self,
        volume: Volume,
        pid: int,
        folder: int,
        pidfd: int,
        started: subprocess.Popen[bytes] | int,
    ) -> None:
        """Made by Volume.open."""
        self.volume = volume
        self.pid = pid
        self.folder = folder
        self._pidfd = pidfd
        self._started = started
        self._keeper = start_keeper(volume.point)

    @property
    def alive(self) -> bool:
        """Whether it can still be used."""
        try:
            os.fstatvfs(self.folder)
        except OSError as error:
            return error.errno not in (errno.ENOTCONN, errno.EBADF, errno.ECONNABORTED)
        return True

    async def gone(self) -> None:
        """Wait until gocryptfs ends, which takes the ground from under the database."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        # Its own descriptor: `close` may come while somebody waits here.
        pidfd = os.dup(self._pidfd)
        loop.add_reader(pidfd, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(pidfd)
            os.close(pidfd)

    def close(self) -> None:
        """Unmount. When somebody else (a shell, a backup) stands in it, it goes when they leave."""
        alive = self.alive
        os.close(self.folder)
        os.close(self._pidfd)
        if not alive:
            self.volume.let_go()
        else:
            self._unmount()
        if not self.volume.is_mounted():
            self._keeper.kill()
        assert self._keeper.stdin is not None
        # With it closed the keeper begins: whoever still stands in the volume must leave first.
        self._keeper.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._keeper.wait(0 if self.volume.is_mounted() else GONE_TIMEOUT_S)
        if isinstance(self._started, subprocess.Popen):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._started.wait(0 if self.volume.is_mounted() else GONE_TIMEOUT_S)

    def _unmount(self) -> None:
        ends = time.monotonic() + UNMOUNT_TIMEOUT_S
        while self.volume.is_mounted():
            reason = unmount(self.volume.point)
            if not self.volume.is_mounted():
                return
            if time.monotonic() > ends:
                log.warning("volume_not_unmounted", point=str(self.volume.point), why=reason)
                return
            time.sleep(POLL_S)


def unmount_below(folder: Path) -> None:
    """Unmount every volume below a folder that is to be deleted; a dead one is taken out of sight.

    Raises VolumeBusy when somebody stands in one.
    """
    ends = time.monotonic() + UNMOUNT_TIMEOUT_S
    while found := [
        each for each in mounts() if each.kind == MOUNT_KIND and each.point.is_relative_to(folder)
    ]:
        for each in found:
            unmount(each.point, lazily=not _answers(each.point))
        if time.monotonic() > ends:
            raise VolumeBusy(
                f"{found[-1].point} is mounted, and somebody works in it.",
                remedy=f"Leave it, then: fusermount3 -u {found[-1].point}",
            )
        time.sleep(POLL_S)


def _answers(point: Path) -> bool:
    try:
        os.statvfs(point)
    except OSError:
        return False
    return True


def _closed(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
