"""Sealed backups of every embedded database: base backups, their WAL, and the way back to any second."""
