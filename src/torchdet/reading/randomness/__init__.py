"""What seeds, what draws, and where an order shows."""
