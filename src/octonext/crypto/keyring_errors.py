"""What can go wrong with the keys of an installation, each with what to do about it."""

from octonext.base.errors import OctoNextError

RECOVER = "Restore the recovery document: `octonext keys init --recover FILE`."


class KeyringMissing(OctoNextError):
    """There is no keyring where one must be."""

    code = "keyring_missing"


class KeyringExists(OctoNextError):
    """A keyring is already there, and making another would lose every key in it."""

    code = "keyring_exists"


class KeyringDamaged(OctoNextError):
    """The keyring cannot be read, or is not as OctoNext wrote it."""

    code = "keyring_damaged"


class KeyringUnsafe(OctoNextError):
    """A file of keys can be read or written by somebody else, or cannot be used."""

    code = "keyring_unsafe"


class MasterKeyMalformed(OctoNextError):
    """What the source of the master key gives is not a master key."""

    code = "master_key_malformed"


class MasterKeyWrong(OctoNextError):
    """It is a master key, but not the one that this keyring is wrapped under."""

    code = "master_key_wrong"


class KeyMissing(OctoNextError):
    """The keyring does not hold a key that is needed, and a new one would not do."""

    code = "key_missing"


class RecoveryRefused(OctoNextError):
    """A recovery document does not open, or is none."""

    code = "recovery_refused"
