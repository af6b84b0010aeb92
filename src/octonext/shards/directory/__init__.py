"""The directory at head office: organisations, regions, shards, branches and tills."""
