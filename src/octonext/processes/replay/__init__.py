"""`octonext replay`: a real retailer's transactions through a real cluster, reconciled to the penny."""

from .command import replay

__all__ = ["replay"]
