"""Shards: which branch lives where, and one isolated lane to each."""
