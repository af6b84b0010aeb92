"""`octonext feeds`: what an operator does to the feeds, and what a restored head office must not forget."""
