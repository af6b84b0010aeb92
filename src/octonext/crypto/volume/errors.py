"""What can be wrong with an encrypted volume."""

from __future__ import annotations

from octonext.base.errors import OctoNextError


class VolumeUnusable(OctoNextError):
    """Encrypted volumes cannot be mounted on this machine by this user."""

    code = "volume_unusable"


class VolumeBusy(OctoNextError):
    """Somebody else has the volume mounted, or something else stands where it should be mounted."""

    code = "volume_busy"


class VolumeDamaged(OctoNextError):
    """The encrypted folder lacks what is needed to open it."""

    code = "volume_damaged"


class VolumeKeyWrong(OctoNextError):
    """The key that was given is not the one that the volume was made with."""

    code = "volume_key_wrong"


class PlainFilesThere(OctoNextError):
    """Where a volume should be mounted there are readable files already."""

    code = "plain_files"
