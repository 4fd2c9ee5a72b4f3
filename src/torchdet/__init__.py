"""Reproducible and portable PyTorch: a linter, codemods and a runtime.

This module holds the version and imports nothing, so that ``import torchdet`` costs nothing.
"""

__version__ = "0.1.0"
