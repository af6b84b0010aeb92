"""OctoNext: ERP and point of sale for retail chains with many branches."""

__version__ = "0.1.0"
