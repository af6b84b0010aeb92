"""The sealer: signs what every database has written, and takes the heads to where their copies are kept."""
