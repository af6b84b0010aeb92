"""Benchmarks: every figure beside a floor measured in the same run. `make bench` writes the page."""
