"""Writes to torch's switches and defaults, and to the environment."""
