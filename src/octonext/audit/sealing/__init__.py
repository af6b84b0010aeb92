"""Seals: signed Merkle tree heads over journal, ledger and audit trail, and all that checks them."""
