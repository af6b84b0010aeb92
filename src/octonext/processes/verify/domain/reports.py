"""Compares what reports answer with what shards hold, row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .findings import Finding, Findings

Rows = Mapping[tuple[Any, ...], Mapping[str, int | str]]
"""Figures by key."""


def keyed(rows: Iterable[Mapping[str, Any]], keys: Sequence[str], figures: Sequence[str]) -> Rows:
    """Rows by their key columns, summed where several rows share a key (shards, regions)."""
    sums: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(dict)
    for row in rows:
        found = sums[tuple(row[key] for key in keys)]
        for figure in figures:
            value = row[figure]
            found[figure] = found.get(figure, 0) + value if isinstance(value, int) else value
    return sums


def compare(check: str, keys: Sequence[str], shards: Rows, report: Rows, findings: Findings) -> None:
    """Add a finding for every key whose figures differ."""
    for key in sorted(shards.keys() | report.keys(), key=str):
        findings.examine(check)
        expected, found = shards.get(key), report.get(key)
        if expected == found:
            continue
        named = dict(zip(keys, key, strict=True))
        place = ", ".join(f"{name} {value}" for name, value in named.items())
        if found is None or expected is None:
            what = f"{place}: {'shards' if found is None else 'the report'} only"
        else:
            differing = [
                f"{figure} {expected[figure]} in shards, {found[figure]} in the report"
                for figure in expected
                if expected[figure] != found[figure]
            ]
            what = f"{place}: {'; '.join(differing)}"
        findings.add(check, Finding(branch=named.get("branch_id"), device=named.get("device_id"), what=what))


def zipped(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a report's JSON answer by column."""
    names = [column["name"] for column in answer["columns"]]
    return [dict(zip(names, row, strict=True)) for row in answer["rows"]]
