"""A package that a case imports."""

from imported_package.noise import Noise

__all__ = ["Noise"]
