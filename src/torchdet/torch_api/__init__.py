"""PyTorch as data that a person can review row by row; nothing here knows a syntax tree."""
