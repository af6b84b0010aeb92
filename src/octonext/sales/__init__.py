"""Sales: what a till writes about shifts, sales, returns and voids, and what it means in money."""
