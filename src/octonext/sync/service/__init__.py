"""Sync as a service per shard: sessions, pushes and deltas of the tills whose branches live there."""

from .shard import ShardSync, TillSession

__all__ = ["ShardSync", "TillSession"]
