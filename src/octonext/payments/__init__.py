"""Payments: the tenders a till takes and where their money stands."""
