"""The reckoning: what tills' journals, shards and reports say, branch by branch, and where they differ."""

from .figures import JOURNALS, REPORTS, SHARDS, BranchFigures, Comparison, Difference, Key, Place, compare
from .sources import from_journals, from_reports, from_shard
from .tables import print_reckoning

__all__ = [
    "JOURNALS",
    "REPORTS",
    "SHARDS",
    "BranchFigures",
    "Comparison",
    "Difference",
    "Key",
    "Place",
    "compare",
    "from_journals",
    "from_reports",
    "from_shard",
    "print_reckoning",
]
