from __future__ import annotations

from octonext.runtime.metrics import Registry


def test_metrics_are_written_with_their_prefix_and_labels() -> None:
    registry = Registry()
    registry.counter("entries", "Entries taken.", ("outcome",)).labels("posted").inc(3)
    registry.histogram("push_s", "Seconds a push takes.").observe(0.004)
    text = registry.text().decode()
    assert 'octonext_entries_total{outcome="posted"} 3.0' in text
    assert 'octonext_push_s_bucket{le="0.005"} 1.0' in text


def test_registries_do_not_share_metrics() -> None:
    Registry().gauge("tills", "Connected tills.").set(1)
    assert b"octonext_tills" not in Registry().text()
