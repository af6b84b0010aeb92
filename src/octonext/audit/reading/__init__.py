"""Reading the audit trail of head office and the shards: filters, pages, limits to regions, exports."""
