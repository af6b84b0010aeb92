"""What can go wrong with keys and sealed bytes, in words that never repeat the secret."""

from octonext.base.errors import OctoNextError


class InvalidKey(OctoNextError):
    """A key is not what it should be: unreadable, or of another kind or curve."""

    code = "invalid_key"


class EnvelopeRefused(OctoNextError):
    """Sealed bytes do not open: wrong key, altered bytes, or bound to another device, shift or number."""

    code = "envelope_refused"
