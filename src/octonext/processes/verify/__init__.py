"""`octonext verify`: reads tills' journals, shards and reports, and says which invariant holds."""

from .command import verify

__all__ = ["verify"]
