"""The embedded PostgreSQL servers: one for HQ and one for every shard that has no dsn."""
