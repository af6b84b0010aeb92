"""What head office sets for the tills of a region or a branch: rounding, tenders, limits, receipts."""
