"""What runs: the embedded cluster and its supervisor, the long-running children, the command line."""
