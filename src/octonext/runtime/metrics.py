"""Numbers for Prometheus: one registry per process, made once and passed down."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From one commit on a fast disk to the longest deadline a lane gives."""


class Registry:
    """Makes metrics named `octonext_…` and writes them out; labels are fixed when a metric is made.

    Label values must come from small closed sets (shards, outcomes), never from tills or people.
    """

    def __init__(self) -> None:
        self._collector = CollectorRegistry()

    def counter(self, name: str, description: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"octonext_{name}", description, labels, registry=self._collector)

    def gauge(self, name: str, description: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"octonext_{name}", description, labels, registry=self._collector)

    def histogram(
        self,
        name: str,
        description: str,
        labels: tuple[str, ...] = (),
        buckets: tuple[float, ...] = LATENCY_BUCKETS_S,
    ) -> Histogram:
        return Histogram(f"octonext_{name}", description, labels, buckets=buckets, registry=self._collector)

    def text(self) -> bytes:
        """The exposition text of everything, to be sent as CONTENT_TYPE."""
        return generate_latest(self._collector)
