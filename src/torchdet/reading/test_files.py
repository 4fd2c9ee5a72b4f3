"""Which files are tests: those that pytest or unittest would collect, and their helpers."""

from __future__ import annotations

import os
from functools import lru_cache

from torchdet.model.config import DEFAULT_TEST_FILES, LintConfig
from torchdet.patterns import Patterns, configured_patterns


def is_test_file(path: str, module_name: str, config: LintConfig) -> bool:
    """Whether ``test-files`` covers the file at ``path``, or the packages that it lies in."""
    patterns = _test_files(os.path.abspath(config.root), config.test_files)
    if patterns.match(path):
        return True
    packages, _, _ = module_name.rpartition(".")
    return bool(packages) and patterns.verdict(f"{packages.replace('.', '/')}/_.py") is True


def is_test_folder(name: str) -> bool:
    """Whether a folder called ``name`` holds tests by default."""
    return f"{name}/" in DEFAULT_TEST_FILES


@lru_cache(maxsize=64)
def _test_files(root: str, patterns: tuple[str, ...]) -> Patterns:
    return configured_patterns(root, patterns)
