"""Where an invoice is rung up: a seeded choice of branch and till that any machine makes alike."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

#: How many of a hundred invoices of a customer go to the branch that is nearest to them.
LOYALTY_PERCENT = 85


@dataclass(frozen=True, slots=True)
class Chain:
    """The shape of the chain. Branches, tills and shards count from 0.

    Tills are dealt to branches in turn; branches lie on shards in equal runs.
    """

    branches: int
    tills: int
    shards: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.shards <= self.branches <= self.tills:
            raise ValueError("a chain has at least a branch per shard and a till per branch")

    def branch_of_till(self, till: int) -> int:
        return till % self.branches

    def shard_of_branch(self, branch: int) -> int:
        return branch * self.shards // self.branches

    def shard_of_till(self, till: int) -> int:
        return self.shard_of_branch(self.branch_of_till(till))

    def tills_of_branch(self, branch: int) -> range:
        return range(branch, self.tills, self.branches)

    def till_for(self, invoice: str, customer: str) -> int:
        """The till of an invoice. A customer comes back to one branch most of the time."""
        branch = self.draw(self.branches, "invoice", invoice)
        if customer and self.draw(100, "loyal", invoice) < LOYALTY_PERCENT:
            branch = self.draw(self.branches, "home", customer)
        tills = self.tills_of_branch(branch)
        return tills[self.draw(len(tills), "till", invoice)]

    def draw(self, below: int, *what: str) -> int:
        """A number from 0 to `below` - 1 that depends on the seed and on `what` only."""
        digest = hashlib.blake2b("|".join((str(self.seed), *what)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % below
