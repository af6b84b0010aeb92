"""Reporting without I/O: what arrives, what may be asked, and how an answer is written down."""
