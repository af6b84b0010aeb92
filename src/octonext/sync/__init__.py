"""Sync: the till protocol `octonext.sync.v1` and the ingest of what tills push."""
