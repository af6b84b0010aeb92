"""What a seal is, without I/O: tree, row bytes, heads, proofs, and what differs from them."""
