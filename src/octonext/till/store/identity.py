"""Who a till is, as enrolment made it: kept in the journal's file, which only its owner may read.

A browser keeps the device key non-extractable; this till has a file, so the file's permissions are
what protects the device key and the share. The shift keys stay behind the PIN nevertheless.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a till was given at enrolment, and its own private key (PKCS #8 DER)."""

    device_id: int
    device_code: str
    branch_id: int
    branch_code: str
    branch_name_en: str
    branch_name_ar: str
    shard_id: str
    shard_public_key: bytes = field(repr=False)
    jurisdiction: str
    currency: str
    time_zone: str
    #: `https://host:port` of the gateway that enrolled it.
    url: str
    #: PEM of the certificate authority that its gateways are checked against; "" for the system's.
    ca_pem: str = field(default="", repr=False)
    device_key: bytes = field(repr=False)
    device_share: bytes = field(repr=False)
