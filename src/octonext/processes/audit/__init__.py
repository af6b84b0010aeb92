"""`octonext audit`: reading, archiving, verifying and proving the audit trail."""
