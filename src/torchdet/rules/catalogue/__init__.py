"""What is known of PyTorch's interface, as data that a person can review row by row."""
