"""Encrypted volumes (gocryptfs): made, mounted and unmounted, one for each database."""

from .errors import PlainFilesThere, VolumeBusy, VolumeDamaged, VolumeKeyWrong, VolumeUnusable
from .process import Owner
from .usable import require_usable, why_unusable
from .volume import Key, OpenVolume, Volume, unmount_below

__all__ = [
    "Key",
    "OpenVolume",
    "Owner",
    "PlainFilesThere",
    "Volume",
    "VolumeBusy",
    "VolumeDamaged",
    "VolumeKeyWrong",
    "VolumeUnusable",
    "require_usable",
    "unmount_below",
    "why_unusable",
]
