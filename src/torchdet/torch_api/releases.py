"""The releases of PyTorch, as ``(major, minor)``."""

from __future__ import annotations

RELEASES = (*((1, minor) for minor in range(14)), *((2, minor) for minor in range(14)))
"""Every release up to the one that the tables of this package were checked against."""
