"""What holds for all tests of `bench/`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.bench.scripts import BENCH


@pytest.fixture(autouse=True)
def scripts_are_importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Scripts import one another by plain names; none of these may outlive the test."""
    monkeypatch.syspath_prepend(str(BENCH))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if (BENCH / f"{name}.py").exists():
            del sys.modules[name]
