"""The OLAP store and its reports: what head office reads, without ever asking a shard."""
