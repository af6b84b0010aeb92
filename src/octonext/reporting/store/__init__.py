"""The OLAP store: its clients, its schema, and what is read and written there."""

from .clients import Chdb, ClickHouse, OlapUnavailable
from .olap import COMPLETE_TABLES, Olap, ReportTooHeavy
from .schema import OlapIsNewer

__all__ = [
    "COMPLETE_TABLES",
    "Chdb",
    "ClickHouse",
    "Olap",
    "OlapIsNewer",
    "OlapUnavailable",
    "ReportTooHeavy",
]
