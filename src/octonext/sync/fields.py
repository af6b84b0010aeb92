"""The forms of values that the messages of `octonext.sync.v1` are made of."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]
#: SubjectPublicKeyInfo, DER: 91 bytes for P-256.
PublicKey = Annotated[bytes, Meta(min_length=64, max_length=512)]
Device = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Branch = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Seq = Annotated[int, Meta(ge=0, le=2**46)]
#: `\Z` and not `$`, which takes a line break at the end for the end.
KeyId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+\Z")]
#: By which a till knows the answer to what it asked.
RequestId = Annotated[int, Meta(ge=0, le=2**31 - 1)]
