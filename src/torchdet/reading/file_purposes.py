"""What a file is for, as far as its name and its folder tell: a test, or a measurement."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchdet.reading.context import Context

_MEASURES = re.compile(r"bench|profil|throughput|speed", re.IGNORECASE)
_TEST_PACKAGES = frozenset({"test", "test_utils", "testing", "tests"})


def is_test(context: Context) -> bool:
    """Whether the file belongs to tests: ``test_*.py``, ``conftest.py``, a package of tests."""
    name = PurePath(context.path).name
    return (
        name.startswith("test_")
        or name.endswith("_test.py")
        or name == "conftest.py"
        or not _TEST_PACKAGES.isdisjoint(context.module_name.split(".")[:-1])
    )


def measures_speed(context: Context) -> bool:
    """Whether the file's name says that it is there to measure: ``benchmark_train.py``."""
    return _MEASURES.search(PurePath(context.path).name) is not None
