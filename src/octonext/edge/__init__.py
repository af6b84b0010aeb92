"""The HTTP edge: who may call, how much, and how a refusal is told. Knows no capability above it."""
