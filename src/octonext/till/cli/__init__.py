"""`octonext till ...`: a till on the command line."""

from .commands import app

__all__ = ["app"]
