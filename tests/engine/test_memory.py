"""A tree lives only while its file is checked, although a run collects no garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import pytest

from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.findings.registry import all_rules
from torchdet.model.config import LintConfig

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "fixtures").rglob("*.py")) + sorted(
    (ROOT / "tests" / "runtime").glob("*.py")
)


def live_nodes() -> int:
    return sum(isinstance(each, cst.CSTNode) for each in gc.get_objects())


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
def test_reference_counts_free_the_tree() -> None:
    settings = CheckSettings(all_rules(), LintConfig(target_devices=("cuda", "mps")))
    check_bytes("warm.py", b"import torch\n", settings)
    before = live_nodes()
    findings = 0
    for path in FILES:
        findings += len(check_bytes(str(path), path.read_bytes(), settings).diagnostics)
        assert live_nodes() == before, path
    assert findings
