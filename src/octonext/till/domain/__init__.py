"""What a till decides, without I/O, clock or randomness: syncing, prices, drawers and receipts."""
