"""Verdicts as text: one renderer a file."""
