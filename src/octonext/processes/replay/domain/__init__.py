"""What the lines of a retailer's file mean at tills: pure, the same plan for the same file and seed."""
