"""A till: it sells from its own encrypted journal and hands entries over when a shard can be reached."""
