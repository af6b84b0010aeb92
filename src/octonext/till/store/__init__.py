"""The till's file on disk: its identity, its journal, and its copy of the reference data."""

from .identity import Identity
from .journal import Journal, Shift, WrappedKey

__all__ = ["Identity", "Journal", "Shift", "WrappedKey"]
