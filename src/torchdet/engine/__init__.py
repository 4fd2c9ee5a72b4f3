"""Runs the rules: one file as a pure function, many files over processes."""
