"""The answer to "what protects this?", in words that start-up, status and doctor share."""

from __future__ import annotations

from typing import Literal

import msgspec

from octonext.runtime.settings import AtRest

AES_256_GCM = "AES-256-GCM"
AES_256_XTS = "AES-256-XTS"
UNKNOWN_CIPHER = "unknown cipher"

Found = Literal["gocryptfs", "fscrypt", "luks", "pg_tde", "declared", "none"]


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """What encrypts some storage. `proven` is true only when the system itself said so, cipher included."""

    kind: AtRest
    cipher: str = ""
    proven: bool = False
    detail: str = ""
    """One sentence: where it was seen, or what is missing."""
    remedy: str = ""

    @property
    def shown(self) -> str:
        """A few words for a table."""
        named = f"{self.kind} {self.cipher}".strip()
        return named if self.proven else f"{named.upper() if self.kind == 'none' else named}, NOT PROVEN"


def weakest(found: list[Protection]) -> Protection:
    """Of several folders of one database the one that protects least: a chain's weakest link."""
    return min(found, key=lambda each: (each.proven, each.kind != "none"))
