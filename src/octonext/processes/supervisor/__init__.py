"""Starts every process of one installation in order, watches them, and stops them in order."""
