"""How long tests wait."""

PATIENCE = 1800
"""Seconds after which a program hangs for certain, on however busy a machine."""
