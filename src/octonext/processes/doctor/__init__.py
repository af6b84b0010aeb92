"""`octonext doctor`: what protects the data, each answer with its proof."""

from .command import doctor

__all__ = ["doctor"]
