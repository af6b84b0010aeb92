"""Thousands of tills from one process: each with its own identity, journal and network."""

from .counters import Counters, Latency, TillView
from .fleet import Fleet
from .member import Member
from .shopper import Pace, Shopper

__all__ = ["Counters", "Fleet", "Latency", "Member", "Pace", "Shopper", "TillView"]
