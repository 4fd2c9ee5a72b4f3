"""How sure the rules about data are of what they find."""

from __future__ import annotations

import pytest

from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.findings.registry import matching_rules
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import Confidence

DATASET = """
import os, random
import numpy as np
import torch
from pathlib import Path
from torch.utils.data import DataLoader, Dataset, DistributedSampler, Sampler
from elsewhere import {base}

class Images({base}):
    def __init__(self, folder: Path):
        self.items = {value}
        self.rng = np.random.default_rng(0)
    def __getitem__(self, index):
        return self.items[index], self.rng.random()
{more}
"""


def confidence(code: str, source: str) -> Confidence:
    """That of the one finding in ``source``."""
    settings = CheckSettings(matching_rules(code), LintConfig(), "example")
    (diagnostic,) = check_bytes("example.py", source.encode(), settings).diagnostics
    return diagnostic.confidence


def dataset(value: str, base: str = "Images", more: str = "") -> str:
    """A data set that reads ``value`` by index, derived from torch's or another one."""
    source = DATASET.format(value=value, base=base, more=more)
    return source.replace("class Images(Images)", "class Images(Dataset)")


@pytest.mark.parametrize(
    ("code", "source", "expected"),
    [
        ("DET506", dataset("os.listdir(folder)"), Confidence.CERTAIN),
        ("DET506", dataset("list(folder.iterdir())"), Confidence.CERTAIN),
        ("DET506", dataset("list(self.folder.iterdir())"), Confidence.LIKELY),
        ("DET506", "import os, torch\ndef f(d):\n    return os.listdir(d)", Confidence.LIKELY),
        ("DET507", dataset("list({'cat', 'dog'})"), Confidence.CERTAIN),
        ("DET507", dataset("list(set(folder))"), Confidence.LIKELY),
        ("DET505", dataset("[1]", more="DataLoader(x, num_workers=2)"), Confidence.CERTAIN),
        ("DET505", dataset("[1]"), Confidence.LIKELY),
        (
            "DET505",
            dataset("[1]", "BaseDataset", "DataLoader(x, num_workers=2)"),
            Confidence.LIKELY,
        ),
        ("DET507", "import torch\nfold = hash('a') % 3", Confidence.CERTAIN),
        ("DET507", "import torch\nfold = hash(row.name) % 3", Confidence.LIKELY),
    ],
)
def test_confidence_follows_what_the_file_says(
    code: str, source: str, expected: Confidence
) -> None:
    assert confidence(code, source) is expected


def test_sampler_that_others_could_advance_is_less_sure() -> None:
    loop = "for epoch in range(9):\n    for batch in loader:\n        step(batch)\n"
    source = (
        "from torch.utils.data import DataLoader, DistributedSampler\n"
        "loader = DataLoader(data, sampler=DistributedSampler(data))\n" + loop
    )
    assert confidence("DET510", source) is Confidence.CERTAIN
    assert confidence("DET510", source + "register(loader)\n") is Confidence.LIKELY
