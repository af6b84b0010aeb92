"""The numbers of sync: entries, bytes, outcomes, refusals and connected tills, by shard."""

from __future__ import annotations

from collections.abc import Sequence

from octonext.runtime.metrics import Registry

from .messages import Outcome, Push


class SyncMetrics:
    """Made once per gateway process."""

    def __init__(self, registry: Registry) -> None:
        self.connected = registry.gauge("sync_tills_connected", "Tills connected.", ("shard",))
        self.refused = registry.counter("sync_nacks_total", "Frames refused.", ("reason",))
        self.went_back = registry.counter(
            "sync_shard_went_back_total", "Tills that found entries missing on a restored shard.", ("shard",)
        )
        self.rescued = registry.counter(
            "sync_rescued_entries_total", "Entries that another till handed over.", ("shard",)
        )
        self.silent = registry.gauge(
            "sync_tills_silent",
            "Tills with entries or an open shift, and nobody hears them.",
            ("shard",),
        )
        self._pushes = registry.counter("sync_pushes_total", "Pushes booked.", ("shard",))
        self._bytes = registry.counter("sync_bytes_total", "Ciphertext booked.", ("shard",))
        self._entries = registry.counter(
            "sync_entries_total", "Entries acknowledged, repeats included.", ("shard", "outcome")
        )

    def record(self, shard_id: str, push: Push, outcomes: Sequence[Outcome]) -> None:
        """Count one acknowledged push."""
        self._pushes.labels(shard_id).inc()
        self._bytes.labels(shard_id).inc(sum(len(entry.c) for entry in push.entries))
        for outcome in set(outcomes):
            self._entries.labels(shard_id, outcome).inc(outcomes.count(outcome))
