"""What must hold, how it is derived again from the journal, and what was found: pure."""
