"""`octonext status`: every process, database, feed and breaker at a glance."""

from .command import status

__all__ = ["status"]
