"""What must hold in every history: checked while it happens, and over everything when it is over."""

from .final import check_everything
from .live import Oracle

__all__ = ["Oracle", "check_everything"]
