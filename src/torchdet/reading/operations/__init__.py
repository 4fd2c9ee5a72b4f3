"""What surrounds an operation, and what is done with its result."""
