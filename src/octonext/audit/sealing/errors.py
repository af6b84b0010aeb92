"""What keeps a database from being sealed: each is for an operator to look into, never to be passed over."""

from __future__ import annotations

from octonext.base.errors import OctoNextError

_VERIFY = "Run `octonext audit verify --database {database}`; see docs/audit.md."


class SealRefused(OctoNextError):
    """The database is not sealed any further as it stands."""

    code = "seal_refused"

    def __init__(self, database: str, message: str, *, remedy: str = _VERIFY) -> None:
        super().__init__(message, remedy=remedy.format(database=database))
        self.database = database


class ForgedHead(SealRefused):
    """The newest head was not signed by the database's sealing key."""

    code = "seal_forged"


class WentBack(SealRefused):
    """The chain of heads is not the one that was sealed before: the database was restored from a copy."""

    code = "seal_went_back"

    def __init__(self, database: str, message: str) -> None:
        super().__init__(
            database,
            message,
            remedy="If you restored it from a backup, say so: `octonext audit resume --database {database}`; "
            "if nobody did, run `octonext audit verify --database {database}`.",
        )
