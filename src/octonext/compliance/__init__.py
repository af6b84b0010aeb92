"""What the law of each country asks of a sale: taxes."""
