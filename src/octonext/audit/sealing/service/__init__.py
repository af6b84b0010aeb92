"""Sealing, copying, verifying and proving: each call is one transaction or reads one snapshot."""

from __future__ import annotations

from .sealing import resume

__all__ = ["resume"]
