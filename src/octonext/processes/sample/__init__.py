"""Believable data to try OctoNext with: a grocer in Kuwait and Riyadh. No real company, no real person."""
