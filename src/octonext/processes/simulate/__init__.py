"""The deterministic simulator: the program's own logic in a world made of a seed, see docs/simulator.md."""

from .command import simulate_command as simulate

__all__ = ["simulate"]
