"""Values: money, quantities, ids, time and errors. No I/O, and nothing above this package."""
