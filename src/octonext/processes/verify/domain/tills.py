"""Compares a till's journal with what its shard holds of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from octonext.crypto.chain import GENESIS

from .findings import Finding, Findings


@dataclass(frozen=True, slots=True)
class TillState:
    """What a till's own file says of itself."""

    branch: int
    device: int
    acked_seq: int
    acked_hash: bytes
    first_seq: int
    last_seq: int


def judge_till(
    shard: str,
    till: TillState,
    own: Iterable[tuple[int, bytes]],
    shard_hashes: dict[int, bytes],
    findings: Findings,
) -> int:
    """Compare hashes seq by seq; return how many entries the shard does not have yet.

    `shard_hashes` has every entry of the device on its shard. A till that is behind its shard was
    restored from a copy, or lost what it had made durable.
    """

    def add(check: str, seq: int, what: str) -> None:
        findings.add(check, Finding(shard=shard, branch=till.branch, device=till.device, seq=seq, what=what))

    head = max(shard_hashes, default=0)
    findings.examine("till-heads")
    if till.last_seq < head:
        add(
            "till-heads", till.last_seq, f"the till's journal ends at {till.last_seq}, the shard holds {head}"
        )
    waiting = 0
    for seq, own_hash in own:
        if seq > head:
            waiting += 1
            continue
        findings.examine("till-hashes")
        there = shard_hashes.get(seq)
        if there != own_hash:
            says = "nothing" if there is None else there.hex()[:8]
            add("till-hashes", seq, f"the till's hash is {own_hash.hex()[:8]}, the shard has {says}")
    findings.examine("till-acked")
    pruned = till.first_seq - 1
    if pruned > head or pruned > till.acked_seq:
        add(
            "till-acked", pruned, f"deleted up to {pruned}; acked is {till.acked_seq}, the shard holds {head}"
        )
    expected = shard_hashes.get(till.acked_seq, GENESIS if till.acked_seq == 0 else None)
    if expected != till.acked_hash:
        add("till-acked", till.acked_seq, "the shard does not hold what the till counts as acked")
    return waiting
