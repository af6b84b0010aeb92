"""Where secrets come from: a file only its owner can read, an environment variable, or a command (a KMS)."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import msgspec

from octonext.base.errors import OctoNextError

SECRET_BYTES_MAX = 64 * 1024
SECRET_COMMAND_TIMEOUT_S = 20
LOOSE = stat.S_IRWXG | stat.S_IRWXO
"""What the mode of a secret's file must not hold: it is its owner's alone."""


class SecretUnavailable(OctoNextError):
    """A secret's file, environment variable or command gave nothing."""

    code = "secret_unavailable"


class SecretSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a secret comes from: exactly one of a file, an environment variable or a command.

    The command is an argument list (no shell); its standard output is the secret, for a KMS.
    """

    file: Path | None = None
    env: str | None = None
    command: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if sum(source is not None for source in (self.file, self.env, self.command)) != 1:
            raise ValueError("a secret needs exactly one of file, env or command")
        if self.command is not None and not self.command:
            raise ValueError("a secret's command must name a program")

    def read(self) -> str:
        """The secret without surrounding white space. Raises SecretUnavailable; never logs it."""
        if self.file is not None:
            secret = _read_secret_file(self.file)
        elif self.env is not None:
            secret = os.environ.get(self.env, "")
        else:
            secret = _run_secret_command(self.command or ())
        secret = secret.strip()
        if not secret:
            raise SecretUnavailable(f"The secret from {self.describe()} is empty.")
        return secret

    def describe(self) -> str:
        """Where the secret comes from, for messages; never the secret."""
        if self.file is not None:
            return f"file {self.file}"
        if self.env is not None:
            return f"environment variable {self.env}"
        return f"command {(self.command or ('?',))[0]}"


def _read_secret_file(path: Path) -> str:
    try:
        # Not blocking: a pipe in its place would let us wait for ever.
        with open(path, encoding="utf-8", opener=_without_waiting) as file:
            # Of the open file: what the path names could be exchanged in between.
            found = os.fstat(file.fileno())
            _check_is_private(path, found)
            return file.read(SECRET_BYTES_MAX)
    except OSError as error:
        raise SecretUnavailable(
            f"The secret file {path} cannot be read: {error.strerror or error}."
        ) from None
    except UnicodeDecodeError:
        # Without the error's own words: it quotes what is in the file.
        raise SecretUnavailable(f"The secret file {path} cannot be read: it is no text.") from None


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _check_is_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SecretUnavailable(f"The secret file {path} is not a file.")
    if found.st_uid not in (os.geteuid(), 0):
        raise SecretUnavailable(
            f"The secret file {path} belongs to another user.",
            remedy=f"Make it yours: chown {os.geteuid()} {path}",
        )
    if found.st_mode & LOOSE:
        raise SecretUnavailable(
            f"The secret file {path} can be read by others (its mode is {stat.S_IMODE(found.st_mode):04o}).",
            remedy=f"Run chmod 0600 {path}, and replace the secret if others may have read it.",
        )


def _run_secret_command(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=SECRET_COMMAND_TIMEOUT_S, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SecretUnavailable(f"The secret command {command[0]} failed: {error}.") from None
    if done.returncode != 0:
        raise SecretUnavailable(f"The secret command {command[0]} ended with {done.returncode}.")
    return done.stdout[:SECRET_BYTES_MAX]
