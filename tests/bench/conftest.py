"""The benchmarks' own tests: the page, its plots and its arguments. Nothing here is timed."""

from __future__ import annotations

import sys
from pathlib import Path

# `bench` is no part of the package; it is found from the root, where `make bench` runs it.
sys.path.append(str(Path(__file__).resolve().parents[2]))
