"""The keys of an installation: opened for its processes, and the commands `octonext keys`."""

from .opening import open_keyring

__all__ = ["open_keyring"]
