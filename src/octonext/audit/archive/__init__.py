"""Retention: whole sealed months of the trail move into encrypted files that stay verifiable."""
