"""`octonext demo`: a chain of shops on this machine that sells, loses its network, comes back and adds up."""

from .command import demo

__all__ = ["demo"]
