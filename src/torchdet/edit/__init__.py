"""Edits: written by node, shipped as text."""
