"""A finding that rests on another file, over many files and with the cache."""

from __future__ import annotations

from pathlib import Path

from torchdet.engine.check_files import check_files
from torchdet.engine.discover import SourceFile, source_file
from torchdet.model.config import LintConfig

TRAIN = """\
import torch
from helpers import prepare

if __name__ == "__main__":
    prepare(0)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.randn(4, 8)).sum().backward()
    optimizer.step()
"""


def codes(file: SourceFile, cache: Path) -> list[str]:
    (report,) = check_files([file], jobs=1, cache_folder=cache)
    return [diagnostic.code for diagnostic in report.diagnostics]


def test_a_change_of_the_module_that_seeds_changes_the_report(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    helpers = tmp_path / "helpers.py"
    config = LintConfig(root=str(tmp_path), select=("DET508",))
    file = source_file(str(tmp_path / "train.py"), config)
    cache = tmp_path / "cache"
    helpers.write_text("def prepare(seed):\n    pass\n")
    assert codes(file, cache) == ["DET508"]
    helpers.write_text("import torch\ndef prepare(seed):\n    torch.manual_seed(seed)\n")
    assert codes(file, cache) == []
    assert codes(file, cache) == []
    helpers.unlink()
    assert codes(file, cache) == ["DET508"]
