"""``docs/stability.md``: what it calls public is there and has its names listed."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

TEXT = (Path(__file__).parent.parent / "docs" / "stability.md").read_text(encoding="utf-8")
MODULES = re.findall(r"^- `(torchdet\.[\w.]+)`", TEXT, re.M)


def test_the_page_lists_modules() -> None:
    assert "torchdet.runtime" in MODULES
    assert "torchdet.facade" in MODULES


# Importing the facade would set torch up in the process of the tests.
@pytest.mark.parametrize("name", [each for each in MODULES if each != "torchdet.facade"])
def test_a_public_module_has_every_name_that_it_lists(name: str) -> None:
    module = import_module(name)
    assert module.__all__
    assert not [each for each in module.__all__ if not hasattr(module, each)]
    assert not [each for each in module.__all__ if each.startswith("_")]
