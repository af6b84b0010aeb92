"""What protects a folder or a database at rest, proven by looking and never by believing."""

from .protection import Protection, weakest
from .prove import StorageUnprotected, prove, require

__all__ = ["Protection", "StorageUnprotected", "prove", "require", "weakest"]
