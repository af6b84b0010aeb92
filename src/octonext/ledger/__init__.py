"""Ledger: double entry, posted continuously with every push."""
