"""Changes of the catalogue: each function is one transaction at head office."""
