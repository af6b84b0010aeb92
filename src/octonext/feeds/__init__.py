"""The feed: the one way data moves between databases, read below a watermark, applied exactly once."""
