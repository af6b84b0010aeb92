"""The real readers and writers of feeds over simulated connections."""

from __future__ import annotations

from octonext.feeds.domain import PAGE_PUSHES_MAX, PAGE_ROWS_MAX, REFERENCE_ROWS_MAX
from octonext.feeds.store import DIMENSION_FEEDS, SHARD_FEEDS, CopySource, ReferenceSink, ReferenceSource
from octonext.runtime.kept_connection import KeptConnection

from .connection import Database


class SimulatedCopySource(CopySource):
    """A simulated database whose feeds are read as COPY text."""

    def __init__(
        self,
        name: str,
        database: Database,
        *,
        feeds: tuple[str, ...],
        probe: str,
        marks: str,
        rows_max: int = PAGE_ROWS_MAX,
        pushes_max: int = PAGE_PUSHES_MAX,
    ) -> None:
        super().__init__(
            name, "", feeds=feeds, probe=probe, marks=marks, rows_max=rows_max, pushes_max=pushes_max
        )
        self._database = KeptConnection(database.connect)


class SimulatedReferenceSource(ReferenceSource):
    """A simulated head office as the source of one region's master data."""

    def __init__(self, database: Database, region_code: str, *, rows_max: int = REFERENCE_ROWS_MAX) -> None:
        super().__init__("", region_code, rows_max=rows_max)
        self._database = KeptConnection(database.connect)


class SimulatedReferenceSink(ReferenceSink):
    """A simulated shard as the sink of master data."""

    def __init__(self, database: Database) -> None:
        super().__init__("")
        self._database = KeptConnection(database.connect)


def shard_source(
    shard_id: str, database: Database, *, rows_max: int = PAGE_ROWS_MAX, pushes_max: int = PAGE_PUSHES_MAX
) -> SimulatedCopySource:
    """A simulated shard as the source of what reporting may know."""
    return SimulatedCopySource(
        shard_id,
        database,
        feeds=SHARD_FEEDS,
        probe="probe_shard",
        marks="shard_marks",
        rows_max=rows_max,
        pushes_max=pushes_max,
    )


def dimension_source(database: Database) -> SimulatedCopySource:
    """A simulated head office as the source of names and costs."""
    return SimulatedCopySource(
        "hq", database, feeds=DIMENSION_FEEDS, probe="probe_dimension", marks="reference_marks"
    )
