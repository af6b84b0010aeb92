"""The catalogue's rules, pure: barcodes, prices on a day, and the resources of the API."""
