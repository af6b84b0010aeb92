"""The databases of the simulator: PostgreSQL and the OLAP store as far as our code can tell them apart."""
