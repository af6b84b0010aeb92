"""Whether heads follow each other as they must, judged one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from .findings import Findings
from .head import NO_HEAD, SignedHead, signed_by

CLOCK_SLACK = timedelta(seconds=2)
"""Two readings of clocks that are kept by NTP may differ by so much without anybody having set them."""


@dataclass(frozen=True)
class Rewind:
    """A restore that was accepted with the sealing key: heads between two of the chain were lost."""

    continues: int
    number: int
    lost_end: bytes
    """Hash of the last head that was lost."""


def trusted(signed: SignedHead, database: str, keys: Mapping[str, bytes]) -> str:
    """Why a head is not to be believed; empty when it is."""
    head = signed.head
    if head.database != database:
        return f"it is a head of {head.database}"
    public = keys.get(head.key)
    if public is None:
        return f"its key {head.key} is not a sealing key of {database}"
    return "" if signed_by(signed, public) else "its signature is not by the sealing key"


def rewind_of(signed: SignedHead, before: int) -> Rewind | None:
    """The accepted restore that a head speaks of; `before` is the head that lies before it."""
    head = signed.head
    if head.continues != before or head.number <= before or head.previous == NO_HEAD:
        return None
    return Rewind(head.continues, head.number, head.previous)


def compare(before: SignedHead | None, now: SignedHead, findings: Findings, *, rewound: bool) -> None:
    """Judge a head by the one before it. `rewound`: it accepts a restore, so it may name another one."""
    head = now.head
    number = str(head.number)
    if before is None:
        if head.number == 1 and head.previous != NO_HEAD and not rewound:
            findings.add("forged", "seal_head", number, "the first head names one before it")
        return
    old = before.head
    if not rewound and head.number == old.number + 1 and head.previous != before.hash:
        findings.add("fork", "seal_head", number, f"head {number} does not follow head {old.number}")
    if head.watermark < old.watermark or head.size < old.size:
        findings.add("forged", "seal_head", number, "its tree is smaller than that of the head before")
    if head.sealed_at <= old.sealed_at:
        findings.add("clock", "seal_head", number, f"time runs backwards from head {old.number}")
    _clock(findings, number, "the sealer's clock", old.clock - head.clock, old.number)
    _clock(findings, number, "the database's clock", old.database_clock - head.database_clock, old.number)
    if head.system != old.system and not rewound:
        findings.add(
            "restored", "seal_head", number, f"another PostgreSQL cluster: {head.system}, before {old.system}"
        )
    if head.timeline != old.timeline and head.timeline:
        findings.notice(
            f"timeline {old.timeline} became {head.timeline} before head {number}: a failover or restore"
        )
    if head.canary < old.canary and not rewound:
        findings.add(
            "canary", "seal_canary", str(head.canary), f"the canary was counted down before head {number}"
        )


def _clock(findings: Findings, number: str, which: str, back: timedelta, before: int) -> None:
    if back > CLOCK_SLACK:
        findings.add("clock", "seal_head", number, f"{which} was set back by {back} after head {before}")
